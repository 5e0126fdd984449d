"""Pictures of a face set that stay in its shards until they are needed.

In place of the picture, a row holds where it is stored: shard, row group and row. A row group is
read whole and kept for a while, so rows that are wanted one soon after the other should lie in few
groups. Reading one needs the extra ``cluster``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from unmask.data.faceset import FACE_SCHEMA, finished_shards
from unmask.errors import MissingExtraError

KEPT: Final = 256 * 2**20
"""Bytes of row groups that a process keeps."""


PLACE: Final = pl.Struct({"shard": pl.String, "group": pl.Int32, "row": pl.Int32})
"""Where a picture is stored: a shard, a row group of it, and a row of that."""

_kept: OrderedDict[tuple[str, int], Any] = OrderedDict()


def read_index(folder: Path, splits: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a face set in the given splits, with a `PLACE` for each picture.

    Raises:
        DataError: the folder holds no face set, or one that is not finished.
        MissingExtraError: the extra is not installed.
    """
    parquet = _parquet()
    columns = [name for name in FACE_SCHEMA if name != "image"]
    parts = [pl.DataFrame(schema=FACE_SCHEMA).with_columns(image=pl.lit(None, PLACE))]
    for path in finished_shards(folder):
        with parquet.ParquetFile(path) as file:
            known = [name for name in columns if name in file.schema_arrow.names]
            counts = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        rows = pl.read_parquet(path, columns=known)
        places = [
            {"shard": str(path), "group": group, "row": row}
            for group, count in enumerate(counts)
            for row in range(count)
        ]
        missing = {n: pl.lit(None, FACE_SCHEMA[n]) for n in columns if n not in known}
        part = rows.with_columns(image=pl.Series(places, dtype=PLACE), **missing)
        parts.append(part.filter(pl.col("split").is_in(splits)).select(*FACE_SCHEMA))
    return pl.concat(parts)


def read_stored(place: Mapping[str, Any]) -> bytes:
    """Return the bytes of the picture at a `PLACE`."""
    key = (place["shard"], place["group"])
    if key not in _kept:
        with _parquet().ParquetFile(key[0]) as file:
            _kept[key] = file.read_row_group(key[1], columns=["image"])["image"]
        while len(_kept) > 1 and sum(group.nbytes for group in _kept.values()) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    data: bytes = _kept[key][place["row"]].as_py()
    return data


def _parquet() -> Any:
    try:
        from pyarrow import parquet  # noqa: PLC0415 - comes with an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("streaming face sets", "cluster") from error
    return parquet
