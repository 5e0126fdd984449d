"""From media to a face set, see `unmask.data.faceset`: in several processes, and in steps.

The rows of a manifest are dealt out to shards by the manifest and the settings alone, and a shard
is written whole or not at all. So a run that is killed goes on at the next shard, and the face set
holds the same bytes however often that happens and however many processes there are.
"""

from __future__ import annotations

import json
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import groupby
from multiprocessing import connection, get_context, parent_process
from os import _exit, getpid
from pathlib import Path, PurePosixPath
from typing import Any, Final

import cv2
import polars as pl

from unmask.data.cut import Rows, faces_of
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
from unmask.data.unpack import Frames, archive_of, is_tar, spooled, unpacked
from unmask.errors import DataError, MediaError, SettingError
from unmask.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES

__all__ = [
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

DIED: Final = "the process died on this file; it is damaged or hostile, or memory ran out"

Task = list[tuple[int, Rows]]
"""Shards, as number and manifest rows, that one process makes in one go."""


@dataclass(frozen=True)
class _Job:
    """What all processes know. ``frames`` and ``min_frames`` as of `prepare`."""

    root: Path
    out: Path
    frames: int
    min_frames: int


def prepare(
    manifest: pl.DataFrame,
    root: Path,
    out: Path,
    *,
    frames: int = 32,
    min_frames: int = MIN_FRAMES,
    workers: int = 2,
) -> Iterator[tuple[int, int]]:
    """Write the face set of a manifest; yield (rows done, rows in all) after every few shards.

    Args:
        manifest: rows to prepare; those that cleaning excluded are left out.
        root: folder that the manifest's paths are relative to.
        out: folder of the face set. Shards that are there already are kept.
        frames: frames sampled of a clip.
        min_frames: sampled frames in which a person of a clip must be seen to be kept.
        workers: processes.

    What could not be prepared is written to ``failures.parquet`` with the reason. To try it again,
    delete the folder.

    Raises:
        DataError: ``root`` is no folder, or ``out`` holds a face set of another manifest or of
            other settings.
        SettingError: a number is out of range.
    """
    check_manifest(manifest)
    if not 1 <= min_frames <= frames or workers < 1:
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
    job = _Job(root, out, frames, min_frames)
    shards = list(_shards(manifest.filter(pl.col("excluded").is_null()), frames))
    total = sum(map(len, shards))
    missing = [n for n in range(len(shards)) if not shard(out, "faces", n).exists()]
    done = total - sum(len(shards[n]) for n in missing)
    yield done, total
    if missing:
        (out / "failures.parquet").unlink(missing_ok=True)
    for rows in _work_off(deque(_tasks(shards, missing)), job, workers):
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
    path = out / "prepare.json"
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


def _work_off(waiting: deque[Task], job: _Job, workers: int) -> Iterator[int]:
    """Do the tasks in processes; yield the number of rows of each as it is done."""
    while waiting:
        running: dict[Future[int], Task] = {}
        with _pool(workers) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) <= workers:
                        running[pool.submit(_prepare, waiting[0], job)] = waiting[0]
                        waiting.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        rows = future.result()
                        del running[future]
                        yield rows
            except BrokenProcessPool:
                pass  # a process died; every task that was not finished may have killed it
        for task in running.values():
            yield _prepare_alone(task, job)


def _pool(workers: int) -> ProcessPoolExecutor:
    spawn = get_context("spawn")  # a forked Polars hangs
    return ProcessPoolExecutor(workers, spawn, _start_process)


def _start_process() -> None:
    """Leave an interrupt to the parent, and end with it however it ends."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of each process
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        _exit(1)


def _prepare_alone(task: Task, job: _Job) -> int:
    """Do a task a medium at a time, to find the one that its process dies on."""
    pool = None
    for number, rows in task:
        faces: Rows = []
        failures: Rows = []
        for row in rows:
            pool = pool or _proven_pool()
            try:
                found, failed = pool.submit(_cut, [row], job).result()
            except BrokenProcessPool:
                pool.shutdown()
                pool = None
                found, failed = [], [_failure(row, DIED)]
            faces += found
            failures += failed
        _write(number, faces, failures, job)
    if pool:
        pool.shutdown()
    return sum(len(rows) for _, rows in task)


def _proven_pool() -> ProcessPoolExecutor:
    """Return one process that is known to run, so that what it dies on later is to blame.

    Raises:
        DataError: it does not run.
    """
    pool = _pool(1)
    try:
        pool.submit(getpid).result()
    except BrokenProcessPool as error:
        raise DataError(
            "the processes that cut faces die before they open a file; a script that calls "
            "prepare must do so below `if __name__ == '__main__':`"
        ) from error
    return pool


def _prepare(task: Task, job: _Job) -> int:
    """Make shards; return the number of their rows."""
    wanted = {row["path"]: _picked(row) for _, rows in task for row in rows}
    with spooled(job.root, wanted) as place:
        for number, rows in task:
            _write(number, *_cut(rows, replace(job, root=place)), job)
    return sum(len(rows) for _, rows in task)


def _cut(rows: Rows, job: _Job) -> tuple[Rows, Rows]:
    """Return faces and failures of manifest rows."""
    faces: Rows = []
    failures: Rows = []
    with spooled(job.root, {row["path"]: _picked(row) for row in rows}) as place:
        for row in rows:
            if row["frames"] == 0:
                failures.append(_failure(row, row["note"] or "it has no frames"))
                continue
            picked = _picked(row)
            if picked is not None and not picked:
                failures.append(_failure(row, "thinning picked none of its frames"))
                continue
            try:
                with unpacked(place, row["path"], picked) as medium:
                    found, gaps = faces_of(
                        medium, row["picks"], frames=job.frames, min_frames=job.min_frames
                    )
            except MediaError as error:
                failures.append(_failure(row, error.message))
                continue
            faces += [row | face for face in found]
            failures += [_failure(row, reason, count) for reason, count in gaps.items()]
    return faces, failures


def _picked(row: dict[str, Any]) -> Frames:
    return None if row["picks"] is None else {pick for pick in row["picks"] if pick is not None}


def _failure(row: dict[str, Any], reason: str, frames: int | None = None) -> dict[str, Any]:
    return {name: row[name] for name in ("dataset", "video_id", "path")} | {
        "reason": reason,
        "frames": frames,
    }


def _write(number: int, faces: Rows, failures: Rows, job: _Job) -> None:
    """Write a shard; its faces come last and say that it is done."""
    path = shard(job.out, "failures", number)
    path.unlink(missing_ok=True)  # a run that was killed here may have failed at something else
    if failures:
        write_rows(failures, FAILURE_SCHEMA, path)
    write_rows(faces, FACE_SCHEMA, shard(job.out, "faces", number))
