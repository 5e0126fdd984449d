"""``unmask calibrate``: fit a bundle's probabilities and bands, and measure it."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._extras import needs
from unmask.cli._outputs import counting


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Bundle to calibrate.", show_default=False)],
    datasets: Annotated[
        list[Path],
        typer.Argument(
            help="Datasets whose split `val` is used: first one with reals and fakes, then others "
            "whose reals join the false-alarm bands.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Bundle to write.", show_default=False)],
) -> None:
    """Fit calibration and bands on validation data, measure, and write both into the card."""
    with needs("train", "unmask calibrate"):
        from unmask.training.publish import publish
    with counting("Validation") as count:
        publish(bundle, datasets, out, progress=count)
    typer.echo(str(out))
