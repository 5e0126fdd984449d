"""From media to a face set, see `unmask.data.faceset`: in several processes, and in steps.

The rows of a manifest are dealt out to shards by the manifest and the settings alone, and a shard
is written whole or not at all. So a run that is killed goes on at the next shard, and the face set
holds the same bytes however often that happens and however many processes there are, here or on
other machines.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from itertools import groupby
from os import getpid
from pathlib import Path, PurePosixPath
from typing import Final

import polars as pl

from unmask.cluster import check_engine, spread
from unmask.data.faceset import (
    FACE_SCHEMA,
    FAILURE_SCHEMA,
    decode_face,
    read_faces,
    read_failures,
    shard,
    summarise_failures,
    write_rows,
)
from unmask.data.manifest import check_manifest, manifest_hash
from unmask.data.unpack import archive_of, is_tar
from unmask.data.work import DIED, STAMP, Hand, Job, Task, work_off
from unmask.errors import DataError, SettingError
from unmask.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES

__all__ = [
    "DIED",
    "FACE_SCHEMA",
    "FAILURE_SCHEMA",
    "decode_face",
    "prepare",
    "read_faces",
    "read_failures",
    "summarise_failures",
]

SHARD_PICTURES: Final = 1024
"""Pictures a shard, more or less: a minute or two of work and some 100 MB of memory."""

CLIP_COST: Final = 2
"""Each frame sampled of a clip counts as this many pictures: it must be decoded, and may show
several people."""

MIN_FRAMES: Final = 3
"""Sampled frames in which a person must be seen; as many as `unmask detect` asks for."""


def prepare(
    manifest: pl.DataFrame,
    root: Path,
    out: Path,
    *,
    frames: int = 32,
    min_frames: int = MIN_FRAMES,
    workers: int | None = None,
    engine: str = "local",
) -> Iterator[tuple[int, int]]:
    """Write the face set of a manifest; yield (rows done, rows in all) after every few shards.

    Args:
        manifest: rows to prepare; those that cleaning excluded are left out.
        root: folder that the manifest's paths are relative to.
        out: folder of the face set. Shards that are there already are kept.
        frames: frames sampled of a clip.
        min_frames: sampled frames in which a person of a clip must be seen to be kept.
        workers: processes, 2 if None; under Ray cores to use at most, all if None.
        engine: ``local`` or ``ray``; all machines must see the same ``root`` and ``out``.

    What could not be prepared is written to ``failures.parquet`` with the reason. To try it again,
    delete the folder.

    Raises:
        DataError: ``root`` is no folder, or ``out`` holds a face set of another manifest or of
            other settings.
        SettingError: a number is out of range.
    """
    check_manifest(manifest)
    check_engine(engine)
    if not 1 <= min_frames <= frames or (workers is not None and workers < 1):
        raise SettingError(
            "frames must be at least min_frames, and min_frames and workers at least 1. "
            f"Got {frames}, {min_frames} and {workers}"
        )
    if not root.is_dir():
        raise DataError(
            f"{root}: no such folder; name the one that the manifest's paths start from"
        )
    out.mkdir(parents=True, exist_ok=True)
    _stamp(out, manifest_hash(manifest), frames, min_frames)
    job = Job(root, out, frames, min_frames)
    shards = list(_shards(manifest.filter(pl.col("excluded").is_null()), frames))
    total = sum(map(len, shards))
    missing = [n for n in range(len(shards)) if not shard(out, "faces", n).exists()]
    done = total - sum(len(shards[n]) for n in missing)
    yield done, total
    if missing:
        (out / "failures.parquet").unlink(missing_ok=True)
    tasks = deque(_tasks(shards, missing))
    steps: Iterator[int]
    if engine == "ray":
        steps = (rows for _, rows in spread(Hand, (job,), dict(enumerate(tasks)), workers=workers))
    else:
        steps = work_off(tasks, job, workers or 2)
    for rows in steps:
        done += rows
        yield done, total
    parts = [pl.read_parquet(path) for path in sorted(out.glob("failures-*.parquet"))]
    failures = pl.concat(parts) if parts else pl.DataFrame(schema=FAILURE_SCHEMA)
    write_rows(failures.to_dicts(), FAILURE_SCHEMA, out / "failures.parquet")
    for part in out.glob(".*.part"):  # of runs that were killed
        part.unlink(missing_ok=True)


def _stamp(out: Path, manifest: str, frames: int, min_frames: int) -> None:
    """Note what the face set is made of, or check that it is what the one there is made of."""
    settings = {
        "manifest": manifest,
        "frames": frames,
        "min_frames": min_frames,
        "shard_pictures": SHARD_PICTURES,
    }
    path = out / STAMP
    if not path.exists():
        if any(out.glob("faces-*.parquet")):
            raise DataError(f"{out}: holds shards of unknown origin; use a new folder")
        part = out / f".{path.name}.{getpid()}.part"
        part.write_text(json.dumps(settings, indent=1) + "\n")
        part.replace(path)
    elif json.loads(path.read_text()) != settings:
        raise DataError(
            f"{out}: holds a face set of another manifest or other settings; use a new folder"
        )


def _shards(manifest: pl.DataFrame, frames: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of each shard: of one archive, and of about as many pictures."""
    archives = manifest["path"].map_elements(archive_of, pl.String, skip_nulls=False)
    ordered = manifest.with_columns(archive=archives).sort("archive", maintain_order=True)
    start = cost = 0
    columns = ordered.select("archive", "path", "frames", "picks").iter_rows()
    rows = ordered.drop("archive")
    last = None
    for end, (archive, path, count, picks) in enumerate(columns):
        if end > start and (cost >= SHARD_PICTURES or archive != last):
            yield rows[start:end]
            start, cost = end, 0
        last = archive
        cost += _cost(path, count, picks, frames)
    if start < len(rows):
        yield rows[start:]


def _cost(path: str, count: int | None, picks: list[int | None] | None, frames: int) -> int:
    """Return how many pictures a medium counts for."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return 1
    if suffix in VIDEO_SUFFIXES:
        return CLIP_COST * frames
    return count or frames if picks is None else len(picks)


def _tasks(shards: list[pl.DataFrame], missing: list[int]) -> Iterator[Task]:
    """Yield the missing shards one by one, but those of a .tar.gz together: it is read once."""

    def source(number: int) -> str | int:
        archive = archive_of(shards[number]["path"][0])
        return archive if archive and is_tar(archive) else number

    for _, numbers in groupby(missing, source):
        yield [(number, shards[number].to_dicts()) for number in numbers]
