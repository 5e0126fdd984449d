"""Scores of a dataset's media, each through the product's own `Predictor`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl

from unmask.data.manifest import extend
from unmask.data.prepare import read_stills
from unmask.data.sources import ingest
from unmask.detect import Predictor
from unmask.errors import DataError

SCORE_SCHEMA: Final = extend(
    {
        "logit": pl.Float64,
        "verdict": pl.String,
        "abstention": pl.String,
        "confidence": pl.Float64,
        "size": pl.Float64,
        "sharpness": pl.Float64,
        "border": pl.Float64,
        "bytes": pl.Int64,
    }
)
"""A manifest's columns and what the predictor said. ``logit`` is uncalibrated, null where it
abstained; the last five describe the largest face and the file."""


def score_dataset(
    predictor: Predictor,
    root: Path,
    splits: tuple[str, ...],
    progress: Callable[[int, int], object] | None = None,
) -> pl.DataFrame:
    """Return the scores of all media of a dataset in the given splits.

    Of a video that is a folder of frames, the first frame is scored, as a still.

    Raises:
        DataError: the dataset has nothing in these splits.
    """
    manifest, _ = ingest(root)
    manifest = manifest.filter(pl.col("split").is_in(splits))
    if not len(manifest):
        raise DataError(f"{root}: nothing in split {' or '.join(splits)}")
    return score_rows(predictor, root, manifest, progress)


def score_rows(
    predictor: Predictor,
    root: Path,
    manifest: pl.DataFrame,
    progress: Callable[[int, int], object] | None = None,
) -> pl.DataFrame:
    """Return the scores of a manifest's rows; ``root`` is where its paths start from."""
    rows = []
    for done, row in enumerate(manifest.iter_rows(named=True), start=1):
        with _as_file(root, row["path"]) as path:
            rows.append({**row, **_score(predictor, path)})
        if progress:
            progress(done, len(manifest))
    return pl.DataFrame(rows, schema=SCORE_SCHEMA)


@contextmanager
def _as_file(root: Path, name: str) -> Iterator[Path]:
    """Give the medium as a file, written to a temporary folder if it lies in a zip."""
    if (root / name).is_file():
        yield root / name
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "still"
        _, data = next(read_stills(root, name))
        path.write_bytes(data)
        yield path


def _score(predictor: Predictor, path: Path) -> dict[str, Any]:
    report = predictor.detect(path)
    facts: dict[str, Any] = {
        "verdict": report.verdict,
        "abstention": report.abstention,
        "bytes": path.stat().st_size,
    }
    if report.score is None:
        return facts
    calibration = predictor.card.calibration
    frames = max(report.faces, key=lambda face: len(face.frames)).frames
    return {
        **facts,
        "logit": (report.score - calibration.intercept) / calibration.slope,
        "confidence": frames[0].confidence,
        "size": frames[0].size,
        "sharpness": frames[0].sharpness,
        "border": frames[0].border,
    }
