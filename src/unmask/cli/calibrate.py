"""``unmask calibrate``: fit a bundle's probabilities and bands, and measure it."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._extras import needs
from unmask.cli._outputs import counting
from unmask.errors import SettingError


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
    clips: Annotated[
        Path | None,
        typer.Option(
            help="Dataset whose clips of split `val` say how much frames of one clip differ; the "
            "intervals of clips are then as wide as that warrants."
        ),
    ] = None,
    aggregation: Annotated[
        str | None,
        typer.Option(
            help="How the scores of a clip's frames become one; the model's own if not given. "
            "`benchmarks/aggregation.py` chooses."
        ),
    ] = None,
) -> None:
    """Fit calibration and bands on validation data, measure, and write both into the card."""
    with needs("train", "unmask calibrate"):
        from unmask.detect.aggregate import RULES
        from unmask.training.publish import publish
    rule = next((each for each in RULES if each == aggregation), None)
    if aggregation is not None and rule is None:
        raise SettingError(f"aggregation must be one of {', '.join(RULES)}. Got {aggregation}")
    with counting("Validation") as count:
        publish(bundle, datasets, out, clips=clips, aggregation=rule, progress=count)
    typer.echo(str(out))
