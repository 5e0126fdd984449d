"""Scores of a dataset's media, each through the product's own `Predictor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from unmask.data.manifest import extend, manifest_hash, read_manifest
from unmask.data.sources import ingest
from unmask.data.unpack import frame_of, frames_of, spooled, unpacked
from unmask.detect import Predictor
from unmask.detect.aggregate import calibrate, decide, thresholds, track_score
from unmask.detect.look import look, weigh
from unmask.errors import DataError, MediaError
from unmask.faces import FINDERS, AtOnce, FaceFinder, link_tracks
from unmask.media import open_media
from unmask.types import Frame

FRAME: Final = {
    "track": pl.Int32,
    "time": pl.Float64,
    "score": pl.Float64,
    "confidence": pl.Float64,
    "size": pl.Float64,
    "sharpness": pl.Float64,
    "border": pl.Float64,
}
"""One scored face of one frame. ``time`` is in seconds, or the frame's number where the medium is
a folder of frames; ``score`` is the calibrated log-odds of fake at even odds."""

SCORE_SCHEMA: Final = extend(
    {
        "logit": pl.Float64,
        "score": pl.Float64,
        "verdict": pl.String,
        "abstention": pl.String,
        "people": pl.Int32,
        "confidence": pl.Float64,
        "size": pl.Float64,
        "sharpness": pl.Float64,
        "border": pl.Float64,
        "bytes": pl.Int64,
        "scored": pl.List(pl.Struct(FRAME)),
    }
)
"""A manifest's columns and what the predictor said. ``logit`` is uncalibrated, ``score`` its
calibrated log-odds at even odds, both of the most suspicious of the ``people`` scored, null where
it abstained; the five from ``confidence`` on describe the first frame of the longest track and the
file; ``scored`` holds every scored face, see `FRAME`."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Dataset:
    """Rows to score. ``name`` is what messages call it, ``root`` where its paths start from,
    ``problems`` how many lines of it could not be taken as they stand."""

    name: Path
    root: Path
    rows: pl.DataFrame
    manifest_sha256: str
    problems: int = 0


def open_dataset(root: Path, splits: tuple[str, ...]) -> Dataset:
    """Return the rows of the dataset at ``root`` in the given splits.

    Raises:
        DataError: there is none.
    """
    manifest, problems = ingest(root)
    rows = _choose(manifest, splits, root)
    return Dataset(root, root, rows, manifest_hash(manifest), len(problems))


def open_manifest(path: Path, root: Path, splits: tuple[str, ...]) -> Dataset:
    """Return the rows of a manifest in the given splits; its paths start from ``root``.

    Raises:
        DataError: there is none, or the file is no manifest.
    """
    manifest = read_manifest(path)
    return Dataset(path, root, _choose(manifest, splits, path), manifest_hash(manifest))


def _choose(manifest: pl.DataFrame, splits: tuple[str, ...], name: Path) -> pl.DataFrame:
    """Return the rows in the given splits that cleaning did not exclude."""
    chosen = manifest.filter(pl.col("split").is_in(splits) & pl.col("excluded").is_null())
    if not len(chosen):
        raise DataError(
            f"{name}: nothing in split {' or '.join(splits)}. "
            f"It has {', '.join(sorted(manifest['split'].drop_nulls().unique())) or 'no splits'}"
        )
    return chosen


def score_rows(
    predictor: Predictor, root: Path, manifest: pl.DataFrame, progress: Progress | None = None
) -> pl.DataFrame:
    """Return the scores of a manifest's rows; ``root`` is where its paths start from.

    A folder of one picture is judged as a still, one of several as the predictor judges a video:
    the first picture of each frame, of the picked frames or all, at most
    ``predictor.settings.frames`` spread evenly.
    """
    rows = []
    for done, row in enumerate(manifest.iter_rows(named=True), start=1):
        rows.append({**row, **score_row(predictor, root, row)})
        if progress:
            progress(done, len(manifest))
    return pl.DataFrame(rows, schema=SCORE_SCHEMA)


def frame_rows(scores: pl.DataFrame) -> pl.DataFrame:
    """Return one row a scored face of a frame: keys of the medium and the columns of `FRAME`."""
    keys = scores.select("dataset", "video_id", "scored")
    return keys.explode("scored").drop_nulls("scored").unnest("scored")


def score_row(predictor: Predictor, root: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that a manifest's row gets; see `score_rows`."""
    picks = None if row["picks"] is None else [n for n in row["picks"] if n is not None]
    try:
        with (
            spooled(root, {row["path"]: picks}) as place,
            unpacked(place, row["path"], picks) as medium,
        ):
            if not medium.is_dir():
                return _score_file(predictor, medium)
            frames = frames_of(medium)
            stills = [frames[n][0] for n in frames if picks is None or n in picks]
            if len(stills) == 1:
                return _score_file(predictor, stills[0])
            return _score_folder(predictor, stills)
    except MediaError as error:
        return {"abstention": error.reason}


def _score_file(predictor: Predictor, path: Path) -> dict[str, Any]:
    report = predictor.detect(path)
    size = path.stat().st_size
    if report.score is None:
        return {"abstention": report.abstention, "bytes": size}
    faces = [
        {"track": face.track, **{name: getattr(frame, name) for name in FRAME if name != "track"}}
        for face in report.faces
        for frame in face.frames
    ]
    return _said(predictor, report.verdict, report.score, faces, size)


def _score_folder(predictor: Predictor, stills: Sequence[Path]) -> dict[str, Any]:
    """Judge a video that is given as pictures named by frame, in order, as the predictor would."""
    settings, card = predictor.settings, predictor.card
    places = np.linspace(0, len(stills) - 1, min(len(stills), settings.frames)).round()
    chosen = [stills[n] for n in places.astype(int)]
    size = round(float(np.mean([path.stat().st_size for path in chosen]))) if chosen else 0
    finder = _finder(settings.finder)
    seen = list(look(_read(chosen), finder, card.crop, settings, AtOnce()))
    by_face = {id(each.face): each for frame in seen for each in frame.faces}
    tracks = link_tracks([[each.face for each in frame.faces] for frame in seen])
    people = [track.faces for track in tracks if len(track.faces) >= settings.min_frames]
    if not people:
        small = any(frame.small or frame.cut for frame in seen)
        few = tracks or len(seen) < settings.min_frames
        reason = "too_few_frames" if few else "face_too_small" if small else "no_face"
        return {"abstention": reason, "bytes": size}
    scores, faces = [], []
    for number, person in enumerate(people):
        known = [by_face[id(face)] for face in person]
        logits, _ = predictor.score_crops(known)
        scores.append(track_score(card, logits, weigh(card.quality, known)))
        faces += [
            {
                "track": number,
                "time": each.face.time,
                "score": calibrate(card.calibration, logit),
                "confidence": each.face.confidence,
                "size": each.face.size,
                "sharpness": each.sharpness,
                "border": each.crop.border,
            }
            for each, logit in zip(known, logits, strict=True)
        ]
    bands = thresholds(card.bands, settings.max_false_alarm_rate, len(people))
    return _said(predictor, decide(max(scores), bands), max(scores), faces, size)


@cache
def _finder(name: str) -> FaceFinder:
    return FINDERS[name](threads=1)


def _read(stills: Sequence[Path]) -> Iterator[Frame]:
    """Yield the pictures that can be read, each at the time that its name says."""
    for path in stills:
        number = frame_of(path.name)
        with suppress(MediaError), open_media(path, frames=1) as reader:
            yield replace(next(iter(reader)), time=float(number[0] if number else 0))


def _said(
    predictor: Predictor,
    verdict: str | None,
    score: float,
    faces: list[dict[str, Any]],
    size: int,
) -> dict[str, Any]:
    """Return the columns of a medium that was scored; it is described by its longest track."""
    lengths = Counter(face["track"] for face in faces)
    first = next(face for face in faces if lengths[face["track"]] == max(lengths.values()))
    calibration = predictor.card.calibration
    return {
        "logit": (score - calibration.intercept) / calibration.slope,
        "score": score,
        "verdict": verdict,
        "people": len(lengths),
        **{name: first[name] for name in ("confidence", "size", "sharpness", "border")},
        "bytes": size,
        "scored": faces,
    }
