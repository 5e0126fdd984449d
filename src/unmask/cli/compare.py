"""``unmask compare``: evaluated bundles side by side, beside published results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._grids import ABSENT, Grid, figure_text, markdown_grids, print_grids, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.evaluation.compare import Comparison, Run
    from unmask.evaluation.published import Published
    from unmask.evaluation.results import Part


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders that `unmask evaluate --out` wrote. The first is the reference.",
            show_default=False,
        ),
    ],
    *,
    prior: Annotated[
        float | None,
        typer.Option(
            help="Share of fakes to state precision at; that of the published rows if not given."
        ),
    ] = None,
    specificity: Annotated[
        list[float] | None, typer.Option(help="Specificity to state recall at, and test it.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown.", show_default=False)
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparison.json and the ROC curves.")
    ] = None,
) -> None:
    """Compare bundles on the media that all were evaluated on, with a paired test over people."""
    with needs("train", "unmask compare"):
        from unmask.evaluation.compare import compare as run
        from unmask.evaluation.published import CAPSTONE
        from unmask.evaluation.summary import SPECIFICITIES
    comparison = run(
        runs,
        prior=CAPSTONE[0].base_rate if prior is None else prior,
        specificities=tuple(specificity or SPECIFICITIES),
        out=out,
    )
    if markdown:
        typer.echo(markdown_grids(_grids(comparison)), nl=False)
    else:
        print_grids(_grids(comparison))
    if out:
        say(f"comparison: {out}")


def _grids(comparison: Comparison) -> Iterator[Grid]:
    for source in comparison.sources:
        pairs = comparison.parts_of(source)
        part = pairs[0][1]
        where = (
            f"{source}: {part.reals:,} real and {part.fakes:,} fake shared media of "
            f"{part.people:,} people or families"
        )
        yield _decisions(where, pairs, comparison)
        yield _scores(where, pairs, comparison)
        differences = [each for each in comparison.differences if each.source == source]
        if differences:
            rows = [
                (
                    f"{each.run} less {each.against}",
                    each.name,
                    value_text(each.value, each.interval),
                    "excludes zero" if each.excludes_zero else "zero is inside",
                )
                for each in differences
            ]
            head = ("difference", "measure", "value (95 %)", "")
            yield Grid(f"{source}: paired over the same people", head, rows)


def _decisions(where: str, pairs: tuple[tuple[Run, Part], ...], comparison: Comparison) -> Grid:
    """The call at probability .5, which is the one that the published rows know."""
    point, prior = "probability .5", comparison.prior
    names = (
        ("precision at", prior),
        ("recall at", None),
        ("specificity at", None),
        ("balanced accuracy at", None),
    )
    rows = [
        (
            run.name,
            *(figure_text(part.figure(f"{name} {point}", at)) for name, at in names),
            f"{part.count:,}",
            f"{run.frames}",
        )
        for run, part in pairs
    ]
    rows += [_published(each) for each in comparison.published]
    head = (
        f"called fake at {point}",
        f"precision at {prior:.1%} fake",
        "recall",
        "specificity",
        "balanced accuracy",
        "media",
        "most frames",
    )
    base = comparison.published[0]
    published = (
        f"Published rows: other test set ({base.count:,} videos, {base.base_rate:.1%} fake, "
        f"{base.frames} frame each); exact binomial intervals from the published counts, "
        "precision at that share of fakes."
    )
    notes = (
        "Intervals of runs are bootstrapped over people. A fake without a score counts as missed.",
        published,
        'The "ROC AUC" published with them is of 0/1 predictions: it is the balanced accuracy.',
    )
    return Grid(where, head, rows, notes)


def _published(row: Published) -> tuple[str, ...]:
    figures = (figure_text(each) for each in (row.precision, row.recall, row.specificity))
    balanced = f"{row.balanced_accuracy:.3f}"
    name = f"{row.name} (published, other test set)"
    return (name, *figures, balanced, f"{row.count:,}", f"{row.frames}")


def _scores(where: str, pairs: tuple[tuple[Run, Part], ...], comparison: Comparison) -> Grid:
    """What needs scores, which were not published."""
    prior = comparison.prior
    names = (
        ("ROC AUC", None),
        *((f"recall at specificity {level:g}", None) for level in comparison.specificities),
        ("PR AUC", prior),
        ("log loss", prior),
        ("Brier score", prior),
        ("expected calibration error", prior),
        ("coverage of reals", None),
        ("coverage of fakes", None),
    )
    rows = [
        (
            name + (f" at {at:.1%} fake" if at is not None else ""),
            *(figure_text(part.figure(name, at)) for _, part in pairs),
            *([ABSENT] if comparison.published else []),
        )
        for name, at in names
    ]
    head = ("from scores", *(run.name for run, _ in pairs), "published rows")
    return Grid(where, head, rows)
