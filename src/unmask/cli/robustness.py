"""``unmask robustness``: measure a bundle on degraded media."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._grids import ABSENT, Grid, figure_text, markdown_grids, print_grids
from unmask.cli._options import AsJson, Frames, Markdown, Model, Split
from unmask.cli._outputs import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.evaluation.robustness import Condition, Robustness

_INTERVALS = (
    "95 % intervals over people; of reals called fake at the default band, exact binomial. AUC "
    "lost is paired with the same media untouched. A fake without a score counts as missed."
)


def robustness(
    datasets: Annotated[
        list[Path], typer.Argument(help="Datasets to measure on.", show_default=False)
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for results, scores and curves.", show_default=False)
    ],
    model: Model = None,
    split: Split = "val",
    frames: Frames = 32,
    limit: Annotated[
        int | None,
        typer.Option(
            help="Media taken of each dataset, half of them fake, drawn by whole families. All "
            "if not given; each is scored some thirty times.",
            min=1,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of that draw, and of noise.")] = 0,
    as_json: AsJson = False,
    markdown: Markdown = False,
) -> None:
    """Measure what a bundle loses under compression, scaling, blur, noise, light and the like."""
    with needs("train", "unmask robustness"):
        from unmask.detect import Predictor, Settings
        from unmask.evaluation.robustness import measure_robustness
        from unmask.evaluation.scores import open_dataset
    opened = [open_dataset(each, (split,)) for each in datasets]
    predictor = Predictor(model, Settings(frames=frames))
    with counting("Media") as count:
        results = measure_robustness(
            predictor, opened, split, limit=limit, seed=seed, out=out, progress=count
        )
    if as_json:
        typer.echo(results.model_dump_json(indent=1))
    elif markdown:
        typer.echo(markdown_grids(_grids(results)), nl=False)
    else:
        print_grids(_grids(results))
    say(f"results: {out}")


def _grids(results: Robustness) -> Iterator[Grid]:
    for source in results.sources:
        conditions = results.of(source)
        untouched = conditions[0]
        drawn = f", drawn with --limit {results.limit}" if results.limit else ""
        title = (
            f"{source}, split {results.split}: {untouched.reals:,} real and {untouched.fakes:,} "
            f"fake media of {untouched.people:,} people or families{drawn}; "
            f"{results.model.name} {results.model.version}"
        )
        thresholds = (
            f"Thresholds at specificity {results.specificity:g}: kept, from the untouched reals of "
            "this source; refitted, from the degraded ones."
        )
        head = (
            "degradation",
            "AUC",
            "AUC lost",
            "recall, kept",
            "specificity, kept",
            "recall, refitted",
            "reals called fake",
            "reals scored",
            "fakes scored",
        )
        yield Grid(title, head, [_row(each) for each in conditions], (thresholds, _INTERVALS))


def _row(condition: Condition) -> tuple[str, ...]:
    from unmask.evaluation import robustness as names

    alarms = condition.figure(names.ALARMS)
    return (
        f"{condition.title} {condition.level:g}" if condition.severity else condition.title,
        *(
            figure_text(condition.figure(name))
            for name in (names.AUC, names.LOST, names.RECALL, names.KEPT, names.REFITTED)
        ),
        f"{condition.alarms}: {figure_text(alarms)}" if alarms else ABSENT,
        *(
            f"{found.value:.3f}" if (found := condition.figure(name)) else ABSENT
            for name in (names.REALS, names.FAKES)
        ),
    )
