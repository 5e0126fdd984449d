"""``unmask export``: make a bundle of a training run."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folder of a run, or of several to average.", show_default=False),
    ],
    out: Annotated[Path, typer.Argument(help="Bundle to write.", show_default=False)],
    *,
    name: Annotated[
        str | None, typer.Option(help="Name of the bundle; the recipe's if not given.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the bundle.")] = "1",
    checkpoint: Annotated[str, typer.Option(help="Which checkpoint of each run.")] = "best.ckpt",
    half: Annotated[bool, typer.Option("--half", help="Store weights in half precision.")] = False,
    int8: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FACES",
            help="Compute in 8 bits, about twice as fast; ranges come from training faces of this "
            "face set. Give it once for each.",
        ),
    ] = None,
) -> None:
    """Write a run's detector, or the mean of several runs', as one file, not yet calibrated."""
    with needs("train", "unmask export"):
        from unmask.training.export import export as make
    out.write_bytes(
        make(runs, name=name, version=version, checkpoint=checkpoint, half=half, int8=int8 or ())
    )
    say("not calibrated yet: run `unmask calibrate`")
    typer.echo(str(out))
