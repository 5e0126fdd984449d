"""The face set: a folder of Parquet shards, one row a face, and what could not be prepared.

    faces-<number>.parquet      the faces, see `FACE_SCHEMA`
    failures.parquet            what failed and why, see `FAILURE_SCHEMA`; there when all is done
    failures-<number>.parquet   the same of one shard, if anything in it failed
    prepare.json                what the set was made of

A face set keeps the neighbourhood of each face with its landmarks, not the finished crop: the
crop is cut on loading by the same function as at inference, at whatever specification and jitter
the recipe asks for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import polars as pl

from unmask.data.manifest import extend
from unmask.errors import DataError
from unmask.types import Image

FACE_SCHEMA: Final = extend(
    {
        "slot": pl.Int32,
        "track": pl.Int32,
        "time": pl.Float64,
        "box": pl.List(pl.Float64),
        "landmarks": pl.List(pl.Float64),
        "confidence": pl.Float64,
        "size": pl.Float64,
        "sharpness": pl.Float64,
        "image": pl.Binary,
    }
)
"""The manifest's columns and the face's.

``slot`` is the place of the frame in a sequence: the position in ``picks`` where the manifest
chose frames, else the running number by time of the frames looked at; slots that are not there
are gaps. ``track`` numbers the people of a clip, the one seen most often 0. ``time`` is in seconds,
or the frame's number where a medium is a folder of frames. ``box`` and ``landmarks`` (x, y five
times) are in pixels of ``image``; ``size`` is the shorter box side in the original medium."""

FAILURE_SCHEMA: Final = pl.Schema(
    {
        "dataset": pl.String,
        "video_id": pl.String,
        "path": pl.String,
        "reason": pl.String,
        "frames": pl.Int32,
    }
)
"""``frames`` is the number of frames of the medium that failed; null if all of it did."""


ROW_GROUP: Final = 64
"""Rows that must be read to get at one: a megabyte or two of faces."""


def read_faces(folder: Path) -> pl.DataFrame:
    """Return all rows of a face set; columns that it lacks, made by an older version, are null.

    Raises:
        DataError: the folder holds no face set, or one that is not finished.
    """
    return _read(finished_shards(folder), FACE_SCHEMA)


def finished_shards(folder: Path) -> list[Path]:
    """Return the shards of a face set, in order.

    Raises:
        DataError: the folder holds no face set, or one that is not finished.
    """
    if not (folder / "failures.parquet").exists():
        raise DataError(f"{folder}: no finished face set there; run `unmask data prepare`")
    return sorted(folder.glob("faces-*.parquet"))


def read_failures(folder: Path) -> pl.DataFrame:
    """Return what could not be prepared, see `FAILURE_SCHEMA`.

    Raises:
        DataError: the folder holds no face set, or one that is not finished.
    """
    finished_shards(folder)
    return _read([folder / "failures.parquet"], FAILURE_SCHEMA)


def summarise_failures(folder: Path) -> pl.DataFrame:
    """Return how often each reason stands in a face set's failures, the most frequent first.

    Returns:
        ``reason``, ``media`` and ``frames``: of how many media so many frames failed in all, null
        for those that failed as a whole.
    """
    return (
        read_failures(folder)
        .group_by("reason", whole=pl.col("frames").is_null())
        .agg(media=pl.len(), frames=pl.col("frames").sum())
        .sort("whole", "media", "reason", descending=[True, True, False])
        .select("reason", "media", pl.when("whole").then(None).otherwise("frames").alias("frames"))
    )


def decode_face(image: bytes | Mapping[str, Any]) -> Image:
    """Return the picture of a face set's row, uint8 RGB [H, W, 3].

    Args:
        image: as encoded, or where it is stored; see `unmask.data.stored`.
    """
    if not isinstance(image, bytes):
        from unmask.data.stored import read_stored  # noqa: PLC0415 - it needs this module

        image = read_stored(image)
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def shard(folder: Path, kind: str, number: int) -> Path:
    """Return the path of a shard of ``faces`` or ``failures``."""
    return folder / f"{kind}-{number:06d}.parquet"


def write_rows(rows: Sequence[Mapping[str, Any]], schema: pl.Schema, path: Path) -> None:
    """Write a Parquet file in one step, so that it is whole wherever it is there.

    Another process may be at the same file: the rows are the same, so either's will do.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    pl.DataFrame(rows, schema=schema).write_parquet(part, row_group_size=ROW_GROUP)
    try:
        part.replace(path)
    except FileNotFoundError:  # swept away by a process that has finished the face set meanwhile
        if not path.exists():
            raise


def _read(paths: list[Path], schema: pl.Schema) -> pl.DataFrame:
    if not paths:  # nothing was to be prepared
        return pl.DataFrame(schema=schema)
    rows = pl.read_parquet(paths)
    missing = {name: pl.lit(None, of) for name, of in schema.items() if name not in rows.columns}
    return rows.with_columns(**missing).select(schema.names())
