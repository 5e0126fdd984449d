"""The manifest: one row a video or image, as a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from unmask.errors import DataError, LeakError

_COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "video_id": pl.String,
    "path": pl.String,
    "label": pl.Int8,
    "method": pl.String,
    "original_id": pl.String,
    "group_id": pl.String,
    "identity": pl.String,
    "dataset": pl.String,
    "split": pl.String,
    "compression": pl.String,
    "frames": pl.Int32,
    "note": pl.String,
    "excluded": pl.String,
    "picks": pl.List(pl.Int32),
}

SCHEMA: Final = pl.Schema(_COLUMNS)
"""Columns of a manifest. ``path`` is relative to the dataset's root, and a zip on the way counts
as a folder. ``label`` is 0 real, 1 fake. ``group_id`` joins an original with all its fakes.
``excluded`` is the reason why cleaning left the row out, null for rows in use. ``picks`` are the
frame numbers that thinning chose, in order, null where there was none to choose, so that a
sequence keeps its gaps; a null list takes every frame."""


def extend(columns: dict[str, pl.DataType | type[pl.DataType]]) -> pl.Schema:
    """Return the manifest's schema with further columns."""
    return pl.Schema([*SCHEMA.items(), *columns.items()])


SPLITS: Final = ("train", "dev", "val", "test", "external")
"""``dev`` selects, ``val`` calibrates and reports, ``external`` is only ever reported on."""


def make_manifest(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return the rows, missing columns filled with null, as a checked manifest sorted by id."""
    frame = pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in rows], schema=SCHEMA)
    frame = frame.sort("dataset", "video_id")
    check_manifest(frame)
    return frame


def check_manifest(manifest: pl.DataFrame, *, leaky: bool = False) -> None:
    """Check columns, values and that no group or identity is cut by a split.

    Args:
        manifest: what to check.
        leaky: whether cut groups and identities are let pass.

    Raises:
        DataError: a column is missing, an id is given twice, or a value is not allowed.
        LeakError: a group or an identity stands in more than one split.
    """
    if manifest.schema != SCHEMA:
        raise DataError(f"a manifest must have the columns {list(SCHEMA)}. Got {manifest.columns}")
    twice = manifest.filter(pl.struct("dataset", "video_id").is_duplicated())
    if len(twice):
        raise DataError(f"video_id '{twice['video_id'][0]}' stands in the manifest twice")
    for column, allowed in (("label", (0, 1)), ("split", SPLITS)):
        wrong = manifest.filter(~pl.col(column).is_in(allowed) & pl.col(column).is_not_null())
        if len(wrong) or (column == "label" and manifest[column].null_count()):
            value = wrong[column][0] if len(wrong) else None
            raise DataError(f"{column} must be one of {allowed}. Got {value}")
    for column in () if leaky else ("group_id", "identity"):
        cut = crossing(manifest, "dataset", column).sort(column)
        if len(cut):
            row = cut.row(0, named=True)
            raise LeakError(
                f"{column} '{row[column]}' of {row['dataset']} stands in the splits "
                f"{' and '.join(row['splits'])} ({len(cut)} such)"
            )


def crossing(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return the values of ``keys`` that stand in several splits, with their ``splits``.

    A key that is null joins nothing, and a row without a split crosses nothing.
    """
    return (
        rows.drop_nulls([*keys, "split"])
        .group_by(keys)
        .agg(splits=pl.col("split").unique().sort())
        .filter(pl.col("splits").list.len() > 1)
    )


def describe_splits(manifest: pl.DataFrame) -> Iterator[str]:
    """Yield a line for each split with its reals and fakes, and one for the rows left out."""
    used = manifest.filter(pl.col("excluded").is_null())
    for split, label, count in used.group_by("split", "label").len().sort("split", "label").rows():
        yield f"{split or 'no split'}: {count} {'fake' if label else 'real'}"
    if len(used) < len(manifest):
        yield f"{len(manifest) - len(used)} left out by cleaning"


def write_manifest(manifest: pl.DataFrame, path: Path) -> str:
    """Check and write the manifest; return its hash."""
    check_manifest(manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_parquet(path)
    return manifest_hash(manifest)


def read_manifest(path: Path, *, leaky: bool = False) -> pl.DataFrame:
    """Read and check a manifest; one that leaks only with ``leaky``.

    Raises:
        DataError: the file is missing, is not Parquet, or is not a manifest.
        LeakError: a group or an identity stands in more than one split.
    """
    try:
        manifest = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: not a readable manifest ({error})") from error
    check_manifest(manifest, leaky=leaky)
    return manifest


def manifest_hash(manifest: pl.DataFrame) -> str:
    """Return the sha256 of the manifest's values, whatever file it is written to."""
    picks = pl.col("picks").list.eval(pl.element().cast(pl.String).fill_null("-")).list.join(" ")
    return hashlib.sha256(manifest.with_columns(picks).write_csv().encode()).hexdigest()
