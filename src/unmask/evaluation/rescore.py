"""Scores of media as they are, and again after each degradation, through the product's path."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import numpy as np
import polars as pl

from unmask.data.unpack import frames_of, spooled, unpacked
from unmask.detect import Predictor
from unmask.detect.look import evenly
from unmask.errors import DataError, MediaError
from unmask.evaluation.degrade import Degradation, Shot
from unmask.evaluation.scores import SCORE_SCHEMA, Dataset, Progress, score_rows
from unmask.media import open_media
from unmask.types import Image

UNTOUCHED: Final = "none"
"""Name of the degradation of media as they are, at severity 0."""

RESCORED: Final = pl.Schema(
    [
        ("degradation", pl.String),
        ("severity", pl.Int32),
        ("level", pl.Float64),
        *((name, kind) for name, kind in SCORE_SCHEMA.items() if name not in ("scored", "bytes")),
    ]
)
"""Columns of `rescore`: the degradation, and the columns of a score table that mean something for
media that were degraded."""


def sample_families(dataset: Dataset, limit: int | None, seed: int = 0) -> Dataset:
    """Return a dataset of about ``limit`` media, as many real as fake ones as far as there are.

    Whole families are drawn, an original with all its fakes, from all people alike: whole people
    would be one or two at the limits that this is for. The draw does not depend on the rows' order.

    Raises:
        DataError: no family fits.
    """
    if limit is None or limit >= len(dataset.rows):
        return dataset
    one_label = dataset.rows["label"].n_unique() == 1
    room = np.array([limit, limit] if one_label else [limit // 2, limit // 2])
    families = (
        dataset.rows.group_by("dataset", "group_id")
        .agg(reals=(pl.col("label") == 0).sum(), fakes=(pl.col("label") == 1).sum())
        .sort("dataset", "group_id")
        .sample(fraction=1, shuffle=True, seed=seed)
    )
    taken = []
    for name, group, *counts in families.iter_rows():
        if (np.array(counts) <= room).all():
            room -= counts
            taken.append((name, group))
    if not taken:
        raise DataError(f"{dataset.name}: no family fits into --limit {limit}; raise it")
    keys = pl.DataFrame(taken, schema=["dataset", "group_id"], orient="row")
    rows = dataset.rows.join(keys, on=["dataset", "group_id"], how="semi", maintain_order="left")
    return replace(dataset, rows=rows)


def rescore(
    predictor: Predictor,
    dataset: Dataset,
    degradations: Mapping[str, Degradation],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return the scores of every medium, untouched and at each severity of each degradation.

    The pictures that the predictor would sample are degraded before a face is looked for, and
    handed to it as lossless files. A medium that is abstained on untouched is not degraded: it
    stays abstained on, for the same reason.

    Args:
        predictor: holds the bundle and how many frames are looked at.
        dataset: rows to score.
        degradations: by name.
        seed: of what is random in them, together with the medium's id.
        progress: called with (done, total) media.

    Returns:
        Columns of `RESCORED`; for each medium the same conditions, in the same order.
    """
    found = []
    for done in range(len(dataset.rows)):
        row = dataset.rows[done]
        untouched = score_rows(predictor, dataset.root, row)
        found.append(_condition(untouched, UNTOUCHED, 0, None))
        face = untouched["size"][0]
        with TemporaryDirectory(prefix="unmask-") as folder:
            root = Path(folder)
            images = [] if face is None else list(pictures(predictor, dataset.root, row))
            for name, degradation in degradations.items():
                for severity, level in enumerate(degradation.levels, start=1):
                    scored = untouched
                    if images:
                        shots = _shots(images, face, seed, row["video_id"][0])
                        path = _write(root, [degradation(shot, severity) for shot in shots])
                        changed = row.with_columns(
                            path=pl.lit(path), picks=pl.lit(None, pl.List(pl.Int32))
                        )
                        scored = score_rows(predictor, root, changed)
                    found.append(_condition(scored, name, severity, level))
        if progress:
            progress(done + 1, len(dataset.rows))
    return pl.concat(found)


def _condition(scored: pl.DataFrame, name: str, severity: int, level: float | None) -> pl.DataFrame:
    facts = {"degradation": name, "severity": severity, "level": level}
    columns = [pl.lit(value, RESCORED[column]).alias(column) for column, value in facts.items()]
    return scored.with_columns(columns).select(RESCORED.names())


def pictures(predictor: Predictor, root: Path, row: pl.DataFrame) -> Iterator[Image]:
    """Yield the pictures that `score_rows` looks at, of the medium of a table's one row.

    Raises:
        MediaError: it cannot be read.
    """
    medium_row: dict[str, Any] = row.row(0, named=True)
    path, picks = medium_row["path"], medium_row["picks"]
    picks = None if picks is None else [n for n in picks if n is not None]
    wanted = predictor.settings.frames
    with spooled(root, {path: picks}) as place, unpacked(place, path, picks) as medium:
        stills = [medium]
        if medium.is_dir():
            frames = frames_of(medium)
            stills = [frames[n][0] for n in frames if picks is None or n in picks]
            stills = [stills[n] for n in evenly(len(stills), wanted)]
        for still in stills:
            try:
                with open_media(still, frames=wanted, limits=predictor.settings.limits) as reader:
                    yield from (frame.image for frame in reader)
            except MediaError:
                if not medium.is_dir():  # a folder is judged by those that can be read
                    raise


def _shots(images: list[Image], face: float, seed: int, name: str) -> Iterator[Shot]:
    mixed = zlib.crc32(f"{seed} {name}".encode())
    return (Shot(image, face, mixed, number) for number, image in enumerate(images))


def _write(root: Path, pictures: list[Image]) -> str:
    """Write a still as a file, a clip's pictures as a folder, in the place of the last ones."""
    folder = "clip" if len(pictures) > 1 else "."
    (root / folder).mkdir(exist_ok=True)
    for number, picture in enumerate(pictures):
        _, data = cv2.imencode(
            ".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1]
        )
        (root / folder / f"{number}.png").write_bytes(data.tobytes())
    return folder if len(pictures) > 1 else "0.png"
