"""What stands on both sides of a split: families, people, files, and pictures that look alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from unmask.data.duplicates import Progress, fingerprint, look_alikes
from unmask.data.manifest import crossing

FAMILY: Final = "family"
IDENTITY: Final = "identity"
FILE: Final = "same file"
PICTURE: Final = "near-duplicate"

_KEY = ["dataset", "video_id"]
_COLUMNS = ["leak", "what", "split", "dataset", "video_id", "path"]


def find_leaks(manifest: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of every family and identity that stands in several splits.

    Returns:
        A row for each row concerned: ``leak`` (the kind), ``what`` is shared, and its ``split``,
        ``dataset``, ``video_id`` and ``path``. Without leaks there are none.
    """
    return pl.concat(
        [
            _rows(manifest, crossing(manifest, "dataset", column), ["dataset", column], kind)
            for column, kind in (("group_id", FAMILY), ("identity", IDENTITY))
        ]
    )


def find_file_leaks(
    manifest: pl.DataFrame, root: Path, progress: Progress | None = None
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the rows whose file, or one that looks alike, stands in another split.

    The files of all datasets of the manifest are compared, as `unmask.data.duplicates` says.

    Look-alikes that are all reported as the same files are not reported again.

    Returns:
        Rows as of `find_leaks`, and path -> reason for the files that cannot be read.
    """
    rows = manifest.filter(pl.col("split").is_not_null())
    prints, failed = fingerprint(rows, root, progress)
    placed = prints.join(rows, on=_KEY)
    same = _rows(placed, crossing(placed, "sha256"), ["sha256"], FILE)
    alike = look_alikes(placed, apart="split").join(rows, on=_KEY)
    alike = alike.with_columns(what=pl.format("look-alikes {}", "cluster"))
    beyond = alike.join(same, on=_KEY, how="anti").select("what").unique()
    return pl.concat([same, _rows(alike, beyond, ["what"], PICTURE)]), failed


def _rows(rows: pl.DataFrame, cut: pl.DataFrame, keys: list[str], kind: str) -> pl.DataFrame:
    return (
        rows.filter(pl.col("split").is_not_null())
        .join(cut, on=keys)
        .select(pl.lit(kind).alias("leak"), pl.col(keys[-1]).alias("what"), *_COLUMNS[2:])
        .unique()
        .sort(_COLUMNS)
    )
