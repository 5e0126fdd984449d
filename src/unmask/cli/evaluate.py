"""``unmask evaluate``: measure a bundle on a dataset."""

import json
from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._extras import needs
from unmask.cli._outputs import counting


def evaluate(
    datasets: Annotated[
        list[Path],
        typer.Argument(
            help="Datasets: first one with reals and fakes, then others with reals.",
            show_default=False,
        ),
    ],
    *,
    model: Annotated[
        str | None, typer.Option(help="Name of a shipped model, or a model file.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "val",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file for the score of every medium.")
    ] = None,
) -> None:
    """Print a bundle's figures with 95 % intervals over people, beside a trivial baseline's."""
    with needs("train", "unmask evaluate"):
        from unmask.evaluation.evaluate import evaluate as run
    with counting("Scoring") as count:
        measures = run(model, datasets, split=split, out=out, progress=count)
    if as_json:
        typer.echo(json.dumps([measure.model_dump() for measure in measures], indent=1))
        return
    for m in measures:
        interval = f"[{m.interval[0]:.3f}, {m.interval[1]:.3f}]" if m.interval else ""
        note = f"  ({m.note})" if m.note else ""
        typer.echo(f"{m.data:12} {m.name:32} {m.value:6.3f} {interval:16} n={m.count}{note}")
