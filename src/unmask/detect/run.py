"""Many files, each analysed in a child process that may die without harm."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from unmask.detect.bundle import load_bundle
from unmask.detect.predictor import Predictor, abstain
from unmask.detect.settings import Settings
from unmask.errors import Reason, UnmaskError
from unmask.types import Report

GRACE = 60.0
"""Seconds that an analysis may take beyond the limit on decoding before its process is killed."""


_DEATH = (EOFError, OSError, pickle.UnpicklingError)
"""What talking to a process raises once it has died."""


@lru_cache(maxsize=2)
def _predictor(model: str | Path | None, settings: Settings) -> Predictor:
    return Predictor(model, settings)


def detect(
    path: str | Path, model: str | Path | None = None, settings: Settings | None = None
) -> Report:
    """Analyse one image or video; see `Predictor.detect`. The bundle is loaded once."""
    return _predictor(model, settings or Settings()).detect(path)


def detect_many(
    paths: Iterable[str | Path],
    model: str | Path | None = None,
    settings: Settings | None = None,
    *,
    isolate: bool = True,
) -> Iterator[Report]:
    """Yield the report of each file, in order.

    Args:
        paths: files.
        model: path or name of a bundle; None for the default.
        settings: choices of the analysis.
        isolate: analyse in a child process. If it dies on a file, by a crash of a decoder or for
            want of memory, that file is ``unreadable``; if it hangs, ``over_limit``; the run goes
            on with a new one.

    Raises:
        BundleError: the bundle cannot be used.
        RegistryError: there is no such face finder.
    """
    settings = settings or Settings()
    if not isolate:
        predictor = _predictor(model, settings)
        yield from map(predictor.detect, paths)
        return
    identity = load_bundle(model).identity
    child = _Child(model, settings)
    try:
        for path in paths:
            start = time.perf_counter()
            try:
                yield child.detect(path)
            except _ChildDiedError as death:
                yield abstain(str(path), death.reason, str(death), identity, start)
    finally:
        child.stop()


class _ChildDiedError(Exception):
    def __init__(self, reason: Reason, message: str) -> None:
        self.reason: Reason = reason
        super().__init__(message)


class _Child:
    """A process that runs `serve`, started when it is first needed and again after each death."""

    def __init__(self, model: str | Path | None, settings: Settings) -> None:
        self._job = (model, settings)
        self._limit = settings.limits.decode_seconds + GRACE
        self._process: subprocess.Popen[bytes] | None = None

    def detect(self, path: str | Path) -> Report:
        process = self._process or self._start()
        hung = threading.Event()

        def kill() -> None:
            hung.set()
            process.kill()

        watchdog = threading.Timer(self._limit, kill)
        watchdog.start()
        try:
            answer = _ask(process, path)
        except _DEATH:
            self.stop()
            if hung.is_set():
                raise _ChildDiedError(
                    "over_limit",
                    f"not analysed within {self._limit:g} s; raise --max-decode-seconds",
                ) from None
            raise _ChildDiedError(
                "unreadable",
                "the decoding process died on this file; the file is damaged or hostile",
            ) from None
        finally:
            watchdog.cancel()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: what lies in the working folder is never imported.
        command = [sys.executable, "-P", "-c", "from unmask.detect.run import serve; serve()"]
        pipe = subprocess.PIPE
        # In a session of its own, an interrupt from the keyboard reaches the parent only.
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)  # noqa: S603
        self._process = process
        try:
            answer = _ask(process, self._job)
        except _DEATH:
            answer = UnmaskError("the process that analyses files died before it opened any")
        if isinstance(answer, Exception):
            self.stop()
            raise answer
        return process


def _ask(process: subprocess.Popen[bytes], question: Any) -> Any:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    pickle.dump(question, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)  # noqa: S301 - from our own child


def serve() -> None:
    """Answer the parent: first (model, settings), then paths, each with its report.

    Standard output is the answers' pipe, so whatever else is printed goes to standard error.
    """
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    predictor = None
    while True:
        try:
            question = pickle.load(questions)  # noqa: S301 - from our own parent
        except EOFError:
            return
        try:
            if predictor is None:
                predictor = Predictor(*question)
                answer: Report | UnmaskError | None = None
            else:
                answer = predictor.detect(question)
        except UnmaskError as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()
