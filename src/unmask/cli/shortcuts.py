"""``unmask shortcuts``: whether a bundle reads the data set in place of the face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._grids import Grid, markdown_grids, print_grids, value_text
from unmask.cli._options import AsJson, Frames, Markdown, Model, Split
from unmask.cli._outputs import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.evaluation.shortcuts import Shortcuts, Test

_TITLES: dict[Test, str] = {
    "sources": "Reals of one source told from those of another by their score",
    "recoding": "Reals before and after they are coded again",
    "occlusion": "Crops with the face or the background filled with its mean colour",
    "group": "Groups by UTKFace's own codes, reals only",
}


def shortcuts(
    datasets: Annotated[
        list[Path],
        typer.Argument(
            help="Datasets to measure on: reals of several sources, fakes of one at least.",
            show_default=False,
        ),
    ],
    *,
    model: Model = None,
    split: Split = "val",
    frames: Frames = 32,
    limit: Annotated[
        int | None,
        typer.Option(
            help="Media taken of each dataset, half of them fake, drawn by whole families.", min=1
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of that draw.")] = 0,
    as_json: AsJson = False,
    markdown: Markdown = False,
    out: Annotated[Path | None, typer.Option(help="Folder for results and scores.")] = None,
) -> None:
    """Measure whether scores tell the data set, the coding, the background or a group of people."""
    with needs("train", "unmask shortcuts"):
        from unmask.detect import Predictor, Settings
        from unmask.evaluation.scores import open_dataset
        from unmask.evaluation.shortcuts import find_shortcuts
    opened = [open_dataset(each, (split,)) for each in datasets]
    predictor = Predictor(model, Settings(frames=frames))
    with counting("Media") as count:
        results = find_shortcuts(
            predictor, opened, split, limit=limit, seed=seed, out=out, progress=count
        )
    if as_json:
        typer.echo(results.model_dump_json(indent=1))
    elif markdown:
        typer.echo(markdown_grids(_grids(results)), nl=False)
    else:
        print_grids(_grids(results))
    if out:
        say(f"results: {out}")


def _grids(results: Shortcuts) -> Iterator[Grid]:
    drawn = f", drawn with --limit {results.limit}" if results.limit else ""
    for test, title in _TITLES.items():
        found = results.of(test)
        if not found:
            continue
        rows = [
            (
                each.source,
                each.name,
                value_text(each.value, each.interval),
                "{:.2f} to {:.2f}".format(*each.wanted) if each.wanted else "",
                ", ".join(f"{count:,} {name}" for name, count in each.counts.items()),
            )
            for each in found
        ]
        notes = [f"Split {results.split}{drawn}; 95 % intervals over people or families."]
        if test == "occlusion" and results.covered is not None:
            notes.append(f"The face's hull takes {results.covered:.0%} of a crop.")
        head = ("source", "measure", "value (95 %)", "wanted", "counts")
        yield Grid(f"{title}; {results.model.name} {results.model.version}", head, rows, notes)
