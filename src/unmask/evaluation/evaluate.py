"""The figures of a bundle on datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

import unmask
from unmask.detect import Predictor
from unmask.detect.card import Measure
from unmask.errors import DataError
from unmask.evaluation.baseline import compare_baseline
from unmask.evaluation.calibrate import Scores, measure
from unmask.evaluation.results import FRAMES, RESULTS, SCORES, Results, Source
from unmask.evaluation.scores import Dataset, Progress, frame_rows, open_dataset, score_rows
from unmask.evaluation.summary import Plan, summarise

__all__ = ["Progress", "evaluate", "figures", "score_all", "write"]

OWN = "Probabilities and verdicts are those of the bundle's own calibration"
FITTED = f"{OWN}; figures on other people than it was fitted on are cross-fitted"


def evaluate(
    predictor: Predictor,
    datasets: Sequence[Dataset],
    split: str,
    *,
    plan: Plan | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    scores: pl.DataFrame | None = None,
) -> Results:
    """Return a bundle's figures on datasets; on split ``val`` also those of a card.

    Nothing is fitted on any other split, and on ``val`` nothing that is kept.

    Args:
        predictor: holds the bundle and how many frames are looked at.
        datasets: of one split, with no medium twice.
        split: its name.
        plan: what to state.
        out: folder for the results, the score tables and the figures.
        progress: called with (done, total) for each dataset.
        scores: of the datasets' rows, where they are known already.

    Raises:
        DataError: a medium is given twice.
    """
    plan = plan or Plan()
    if scores is None:
        scores = pl.concat([score_rows(predictor, d.root, d.rows, progress) for d in datasets])
    twice = scores.filter(pl.struct("dataset", "video_id").is_duplicated())
    if len(twice):
        raise DataError(f"{twice['dataset'][0]}: '{twice['video_id'][0]}' is given twice")
    sources = scores.partition_by("dataset", maintain_order=True)
    crossed, note = _cross_fitted(sources, split)
    results = Results(
        model=predictor.identity,
        unmask=unmask.__version__,
        split=split,
        frames=predictor.settings.frames,
        priors=plan.priors,
        specificities=plan.specificities,
        sources=tuple(
            Source(name=name, manifest_sha256=d.manifest_sha256, media=count, problems=d.problems)
            for d in datasets
            for name, count in d.rows.group_by("dataset", maintain_order=True).len().iter_rows()
        ),
        parts=tuple(part for source in sources for part in summarise(source, plan)),
        cross_fitted=crossed,
        note=note,
    )
    if out:
        from unmask.evaluation.figures import draw  # noqa: PLC0415 - matplotlib is slow to import

        write(out, results, scores)
        draw(out, results, scores)
    return results


def write(out: Path, results: Results, scores: pl.DataFrame) -> None:
    """Write results, the score of every medium and that of every face to a folder."""
    out.mkdir(parents=True, exist_ok=True)
    scores.drop("scored").write_parquet(out / SCORES)
    frame_rows(scores).write_parquet(out / FRAMES)
    (out / RESULTS).write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _cross_fitted(sources: Sequence[pl.DataFrame], split: str) -> tuple[tuple[Measure, ...], str]:
    """Return the figures of a card, on the first source with reals and fakes, or why not."""
    if split != "val":
        return (), OWN
    main = next((each for each in sources if each["label"].n_unique() == 2), None)
    if main is None:
        return (), f"{OWN}; nothing to cross-fit on: no dataset holds reals and fakes"
    others = [each for each in sources if each is not main]
    try:
        return tuple(figures([main, *others])), FITTED
    except DataError as error:
        return (), f"{OWN}; nothing was cross-fitted: {error}"


def score_all(
    predictor: Predictor, roots: Sequence[Path], split: str, progress: Progress | None
) -> list[pl.DataFrame]:
    """Return the scores of each dataset; the first must hold reals and fakes."""
    datasets = [open_dataset(root, (split,)) for root in roots]
    frames = [score_rows(predictor, d.root, d.rows, progress) for d in datasets]
    if frames[0]["label"].n_unique() < 2:
        raise DataError(f"{roots[0]}: the first dataset must hold reals and fakes in '{split}'")
    return frames


def figures(frames: Sequence[pl.DataFrame]) -> list[Measure]:
    """Return all figures of scored datasets, with the baseline's."""
    main, *others = map(Scores.of, frames)
    return [*measure(main, others), *compare_baseline(frames[0], main)]
