"""``unmask evaluate``: measure a bundle on datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._grids import Grid, figure_text, print_grids, value_text
from unmask.cli._options import AsJson, Engine, Frames, Model, Split
from unmask.cli._outputs import counting
from unmask.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.evaluation.results import Part, Results

_COUNTED = (
    "Recall and specificity are of all media: a fake without a score is missed. "
    "Areas, losses and calibration are of the scored ones."
)


def evaluate(
    datasets: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Datasets. On split `val`, the first with reals and fakes is cross-fitted, and "
            "the reals of the others join its bands.",
            show_default=False,
        ),
    ] = None,
    *,
    model: Model = None,
    split: Split = "val",
    manifest: Annotated[
        Path | None, typer.Option(help="Manifest to measure on, in place of datasets.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder that the manifest's paths start from.")
    ] = None,
    frames: Frames = 32,
    prior: Annotated[
        list[float] | None,
        typer.Option(help="Share of fakes to state precision at, beside the data's own."),
    ] = None,
    specificity: Annotated[
        list[float] | None, typer.Option(help="Specificity to state recall at.")
    ] = None,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results, score tables and figures; a stopped run goes on there."
        ),
    ] = None,
    engine: Engine = "local",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that open media. Default: 1, and with --engine ray all cores.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure a bundle, with 95 % intervals over people, at frame, track and medium level."""
    with needs("train", "unmask evaluate"):
        from unmask.detect import Predictor, Settings
        from unmask.evaluation.evaluate import evaluate as run
        from unmask.evaluation.parts import drop_parts, score_in_parts
        from unmask.evaluation.scores import open_dataset, open_manifest
        from unmask.evaluation.summary import SPECIFICITIES, Plan
    if out is None and (engine != "local" or workers):
        raise SettingError("--engine and --workers need --out FOLDER, which keeps the parts")
    if bool(datasets) == bool(manifest) or bool(manifest) != bool(root):
        raise SettingError("give datasets, or a manifest with --manifest FILE and --root FOLDER")
    plan = Plan(tuple(prior or ()), tuple(specificity or SPECIFICITIES))
    if manifest and root:
        opened = [open_manifest(manifest, root, (split,))]
    else:
        opened = [open_dataset(each, (split,)) for each in datasets or ()]
    settings = Settings(frames=frames)
    predictor = Predictor(model, settings)
    with counting("Scoring") as count:
        scores = None
        if out:
            scores = score_in_parts(
                model, settings, opened, out, workers=workers, engine=engine, progress=count
            )
        results = run(predictor, opened, split, plan=plan, out=out, progress=count, scores=scores)
    if out:
        drop_parts(out)
    for source in results.sources:
        if source.problems:
            say(f"{source.name}: {source.problems} problems; `unmask data ingest` lists them")
    if as_json:
        typer.echo(results.model_dump_json(indent=1))
    else:
        print_grids(_grids(results))
    if out:
        say(f"results: {out}")


def _grids(results: Results) -> Iterator[Grid]:
    for source in results.sources:
        parts = [part for part in results.parts if part.source == source.name]
        yield _figures(parts[0], results)
        yield _confusions(parts[0])
        yield _breakdown(parts, results)
    if results.cross_fitted:
        rows = [
            (f"{m.data}: {m.name}", value_text(m.value, m.interval), f"{m.count:,}", m.note)
            for m in results.cross_fitted
        ]
        head = ("cross-fitted, as on a card", "value (95 %)", "count", "note")
        yield Grid("Calibration and bands fitted on other people", head, rows)


def _figures(part: Part, results: Results) -> Grid:
    rows = [
        (figure.name + _where(figure.prior, part.base_rate), figure_text(figure))
        for figure in part.figures
    ]
    title = (
        f"{part.source}, split {results.split}: {part.reals:,} real and {part.fakes:,} fake media "
        f"of {part.people:,} people or families; {part.base_rate:.1%} fake"
    )
    return Grid(title, ("measure", "value (95 %)"), rows, (f"{results.note}.", _COUNTED))


def _where(prior: float | None, base_rate: float) -> str:
    if prior is None:
        return ""
    return f" at {prior:.1%} fake{' (as here)' if prior == base_rate else ''}"


def _confusions(part: Part) -> Grid:
    words = ("fake", "uncertain", "real", "abstained")
    rows = [
        (f"{label} at {confusion.point}", *(f"{counts.get(word, 0):,}" for word in words))
        for confusion in part.confusions
        for label, counts in (("reals", confusion.reals), ("fakes", confusion.fakes))
        if any(counts.values())
    ]
    return Grid(f"{part.source}: what media are called", ("", *words), rows)


def _breakdown(parts: list[Part], results: Results) -> Grid:
    names = (
        "ROC AUC",
        f"recall at specificity {results.specificities[0]:g}",
        "recall at probability .5",
        "specificity at probability .5",
        "coverage of fakes",
    )
    rows = [
        (
            f"{part.level} {part.kind} {part.name}".strip(),
            f"{part.reals:,}",
            f"{part.fakes:,}",
            *(figure_text(part.figure(name)) for name in names),
        )
        for part in parts
    ]
    note = "A method's fakes stand against all reals of the source."
    notes = [note] if any(part.kind == "method" for part in parts) else []
    return Grid(f"{parts[0].source}: parts", ("", "reals", "fakes", *names), rows, notes)
