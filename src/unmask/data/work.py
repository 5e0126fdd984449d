"""The processes that cut the faces of media: one may die of a file, and only that file fails."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from os import _exit, getpid
from pathlib import Path
from typing import Any, Final

import cv2

from unmask.data.cut import Rows, faces_of
from unmask.data.faceset import FACE_SCHEMA, FAILURE_SCHEMA, shard, write_rows
from unmask.data.unpack import Frames, spooled, unpacked
from unmask.errors import DataError, MediaError

STAMP: Final = "prepare.json"
"""Name of the file that says what a face set was made of."""

DIED: Final = "the process died on this file; it is damaged or hostile, or memory ran out"

Task = list[tuple[int, Rows]]
"""Shards, as number and manifest rows, that one process makes in one go."""


@dataclass(frozen=True)
class Job:
    """What all processes know. ``frames`` and ``min_frames`` as of `prepare`."""

    root: Path
    out: Path
    frames: int
    min_frames: int


def work_off(waiting: deque[Task], job: Job, workers: int) -> Iterator[int]:
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


class Hand:
    """Does tasks in a process of Ray's, by way of one that may die."""

    def __init__(self, job: Job) -> None:
        if not (job.out / STAMP).exists() or not job.root.is_dir():
            raise DataError(
                f"{job.out} and {job.root}: not the same on all machines of the cluster; name "
                "folders that they share"
            )
        self._job = job

    def __call__(self, task: Task) -> int:
        """Make the shards of a task; return the number of their rows."""
        return sum(work_off(deque([task]), self._job, 1))


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


def _prepare_alone(task: Task, job: Job) -> int:
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


def _prepare(task: Task, job: Job) -> int:
    """Make shards; return the number of their rows."""
    wanted = {row["path"]: _picked(row) for _, rows in task for row in rows}
    with spooled(job.root, wanted) as place:
        for number, rows in task:
            _write(number, *_cut(rows, replace(job, root=place)), job)
    return sum(len(rows) for _, rows in task)


def _cut(rows: Rows, job: Job) -> tuple[Rows, Rows]:
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


def _write(number: int, faces: Rows, failures: Rows, job: Job) -> None:
    """Write a shard; its faces come last and say that it is done."""
    path = shard(job.out, "failures", number)
    path.unlink(missing_ok=True)  # a run that was killed here may have failed at something else
    if failures:
        write_rows(failures, FAILURE_SCHEMA, path)
    write_rows(faces, FACE_SCHEMA, shard(job.out, "faces", number))
