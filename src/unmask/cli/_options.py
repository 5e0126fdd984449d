"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str | None, typer.Option(help="Name of a shipped model, or a model file.")]
Prior = Annotated[
    float, typer.Option(help="Share of fakes expected; moves the probability, never the verdict.")
]
FalseAlarms = Annotated[float, typer.Option(help="Share of real files that may be called fake.")]
Frames = Annotated[int, typer.Option(help="Frames looked at, evenly over a clip.")]
MinFace = Annotated[
    float, typer.Option(metavar="PIXELS", help="Smallest face analysed, shorter side.")
]
TrustList = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Certificates (PEM) that vouch for signers of content credentials."
    ),
]
Split = Annotated[str, typer.Option(help="Split to measure on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
Engine = Annotated[
    str, typer.Option(help="local: on this machine; ray: on a cluster (RAY_ADDRESS), or here.")
]
