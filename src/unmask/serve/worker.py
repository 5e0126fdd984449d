"""A worker: claims jobs and has each analysed by a process of its own.

``python -m unmask.serve.worker`` runs one; it works until its standard input is closed.
"""

from __future__ import annotations

import hashlib
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from unmask.detect import load_bundle
from unmask.detect.predictor import abstain
from unmask.errors import Reason
from unmask.serve.analyse import JOB, NO_DETECTOR, OPTIONS, Job
from unmask.serve.folders import Folders, read_report, rename, write_report
from unmask.serve.options import Options
from unmask.serve.process import end, spawn, tell, when_parent_goes
from unmask.serve.store import MOST_ATTEMPTS, MOST_CRASHES, Store
from unmask.serve.table import Analysis
from unmask.types import Report

POLL = 0.25
"""Seconds between two looks for a job."""

_NEVER_ENDED = (
    f"begun {MOST_ATTEMPTS} times, and the service was stopped each time before it ended; "
    "send it again"
)
_MOVED = "the file was changed or moved after it was sent; send it again"
_DIED = (
    "the process that analysed the file died twice; "
    "the file is damaged or hostile, or needs more than --memory"
)


class Worker:
    """Takes jobs out of a store until ``stopping`` is set."""

    def __init__(self, options: Options, name: str, stopping: threading.Event) -> None:
        self._options = options
        # Who opens files of unknown intent is not told where the database is, nor its password.
        self._order = OPTIONS.dump_json(replace(options, database="")).decode()
        self._stopping = stopping
        self._store = Store(options.url, options.lease)
        self._folders = Folders(options.data)
        self._bundle = load_bundle(options.model)
        self._key = options.answer_key(self._bundle.identity)
        self._name = name
        self._beat = min(1.0, options.lease / 4)

    def run(self) -> None:
        """Work."""
        process = self._start()
        try:
            while not self._stopping.is_set():
                job = self._store.claim(self._name)
                if job is None:
                    self._stopping.wait(POLL)
                elif job.attempts > MOST_ATTEMPTS:
                    self._store.finish(job, "failed", _NEVER_ENDED)
                else:
                    if process.poll() is not None:
                        process = self._start()
                    self._analyse(job, process)
                    end(process)
                    if not self._stopping.is_set():
                        process = self._start()
        finally:
            end(process)
            self._store.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return spawn("unmask.serve.analyse", self._order, answers=True)

    def _analyse(self, job: Analysis, process: subprocess.Popen[bytes]) -> None:
        """Hand ``job`` to ``process`` and see it to its end, whatever that is."""
        folder = self._folders.attempt(job.id, job.attempts)
        order = Job(path=Path(job.path), name=job.name, folder=folder)
        tell(process, JOB.dump_json(order).decode())
        started = time.monotonic()
        progress = 0.0
        while process.poll() is None:
            progress = _listen(process, self._beat) or progress
            if self._stopping.is_set():
                end(process)
                self._store.give_back(job, crashed=False)
                return
            if time.monotonic() - started > self._options.timeout:
                end(process)
                limit = f"not analysed within {self._options.timeout:g} s; raise --timeout"
                self._abstain(job, "over_limit", limit)
                return
            if not self._store.beat(job, progress):  # cancelled, or given to another worker
                end(process)
                shutil.rmtree(folder, ignore_errors=True)
                return
        self._settle(job, folder, process.returncode)

    def _settle(self, job: Analysis, folder: Path, code: int) -> None:
        """Take in the report of an attempt, or decide what comes of one that died."""
        try:
            report = read_report(folder) if code == 0 else None
        except (OSError, ValueError):
            report = None
        if report is not None:
            self._finish(job, folder, report)
        elif code == NO_DETECTOR:
            self._store.finish(job, "failed", "the detector could not be loaded")
        elif job.crashes + 1 < MOST_CRASHES:
            self._store.give_back(job, crashed=True)
        else:
            self._abstain(job, "unreadable", _DIED)

    def _abstain(self, job: Analysis, reason: Reason, message: str) -> None:
        folder = self._folders.attempt(job.id, job.attempts)
        report = abstain(job.name, reason, message, self._bundle.identity, time.perf_counter())
        write_report(folder, report, self._bundle.card, self._options.settings)
        self._finish(job, folder, rename(report, job.name))

    def _finish(self, job: Analysis, folder: Path, report: Report) -> None:
        """Keep the report of ``job``, if it still is this worker's."""
        if not self._store.beat(job, 1.0):  # whose lease then outlasts the moves that follow
            shutil.rmtree(folder, ignore_errors=True)
            return
        if not job.uploaded and _is_another(job, report):
            shutil.rmtree(folder, ignore_errors=True)
            self._store.finish(job, "failed", _MOVED)
            return
        with suppress(FileNotFoundError):  # cancelled and removed just now
            self._folders.keep(job.id, folder)
        ended = self._store.finish(
            job,
            "done",
            report.message,
            key=self._key,
            verdict=report.verdict,
            probability=report.probability,
            abstention=report.abstention,
        )
        if not ended:
            self._clear(job)

    def _clear(self, job: Analysis) -> None:
        """Delete what is left of ``job`` if it was cancelled just now."""
        try:
            gone = self._store.get(job.id).state == "cancelled"
        except KeyError:
            gone = True
        if gone:
            self._folders.drop(job.id)


def _listen(process: subprocess.Popen[bytes], seconds: float) -> float | None:
    """Wait for a sign of ``process``: the share that it has done, 0 to 1; None for no news."""
    if process.stdout is None or not select.select([process.stdout], [], [], seconds)[0]:
        return None
    said = os.read(process.stdout.fileno(), 4096)
    if not said:  # it is about to end
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return None
    return min(said[-1], 100) / 100


def _is_another(job: Analysis, report: Report) -> bool:
    """Whether the file, which is not the service's own, is no longer the one that was sent."""
    if report.sha256 is not None:
        return report.sha256 != job.sha256
    try:
        with Path(job.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != job.sha256
    except OSError:
        return True


def main() -> None:
    """Read the options, one line of JSON, and a name; work until standard input is closed."""
    orders = sys.stdin.buffer
    options = OPTIONS.validate_json(orders.readline())
    name = orders.readline().decode().strip()
    stopping = threading.Event()
    when_parent_goes(stopping.set)
    Worker(options, name, stopping).run()


if __name__ == "__main__":
    main()
