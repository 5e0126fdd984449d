"""The figures of a bundle on datasets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from unmask.detect import Predictor
from unmask.detect.card import Measure
from unmask.errors import DataError
from unmask.evaluation.baseline import compare_baseline
from unmask.evaluation.calibrate import Scores, measure
from unmask.evaluation.scores import score_dataset

Progress = Callable[[int, int], object]


def evaluate(
    model: str | Path | None,
    roots: Sequence[Path],
    *,
    split: str = "val",
    out: Path | None = None,
    progress: Progress | None = None,
) -> list[Measure]:
    """Return a bundle's figures on datasets, the first with reals and fakes; see `measure`.

    Args:
        model: path or name of a bundle.
        roots: datasets; the others' reals join the bands.
        split: split to measure on.
        out: Parquet file for the score of every medium.
        progress: called with (done, total).
    """
    frames = score_all(Predictor(model), roots, split, progress)
    if out:
        pl.concat(frames).write_parquet(out)
    return figures(frames)


def score_all(
    predictor: Predictor, roots: Sequence[Path], split: str, progress: Progress | None
) -> list[pl.DataFrame]:
    """Return the scores of each dataset; the first must hold reals and fakes."""
    frames = [score_dataset(predictor, root, (split,), progress) for root in roots]
    if frames[0]["label"].n_unique() < 2:
        raise DataError(f"{roots[0]}: the first dataset must hold reals and fakes in '{split}'")
    return frames


def figures(frames: Sequence[pl.DataFrame]) -> list[Measure]:
    """Return all figures of scored datasets, with the baseline's."""
    main, *others = map(Scores.of, frames)
    return [*measure(main, others), *compare_baseline(frames[0], main)]
