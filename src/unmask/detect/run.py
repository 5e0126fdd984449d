"""Many files, each analysed in a child process that may die without harm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from os import cpu_count
from pathlib import Path

import cv2

from unmask.children import Child, ChildDiedError, ask_all
from unmask.detect.bundle import load_bundle
from unmask.detect.predictor import Predictor, abstain
from unmask.detect.settings import Settings
from unmask.errors import SettingError, UnreadableError
from unmask.storage import fetched, is_address
from unmask.types import ModelIdentity, Report

GRACE = 60.0
"""Seconds that an analysis may take beyond the limit on decoding before its process is killed."""


@lru_cache(maxsize=2)
def _predictor(model: str | Path | None, settings: Settings) -> Predictor:
    return Predictor(model, settings)


def detect(
    path: str | Path, model: str | Path | None = None, settings: Settings | None = None
) -> Report:
    """Analyse one image or video; see `Predictor.detect`. The bundle is loaded once."""
    return judge(_predictor(model, settings or Settings()), path)


def detect_many(
    paths: Iterable[str | Path],
    model: str | Path | None = None,
    settings: Settings | None = None,
    *,
    isolate: bool = True,
    workers: int = 1,
) -> Iterator[Report]:
    """Yield the report of each file, in order.

    Args:
        paths: files, or addresses that fsspec opens.
        model: path or name of a bundle; None for the default.
        settings: choices of the analysis. Where ``threads`` is 0, the workers share the cores.
        isolate: analyse in a child process. If it dies on a file, by a crash of a decoder or for
            want of memory, that file is ``unreadable``; if it hangs, ``over_limit``; the run goes
            on with a new one.
        workers: child processes, each on one file at a time.

    Raises:
        BundleError: the bundle cannot be used.
        RegistryError: there is no such face finder.
        SettingError: there are no workers, or several without isolation.
    """
    settings = settings or Settings()
    if workers < 1 or (workers > 1 and not isolate):
        raise SettingError(f"workers must be at least 1, and 1 without isolation. Got {workers}")
    if not isolate:
        yield from map(partial(judge, _predictor(model, settings)), paths)
        return
    identity = load_bundle(model).identity
    if workers > 1 and not settings.threads:
        settings = replace(settings, threads=max(1, (cpu_count() or 1) // workers))
    children = [make_child(model, settings) for _ in range(workers)]
    yield from ask_all(children, paths, lambda path, death: charge(path, death, settings, identity))


def make_child(model: str | Path | None, settings: Settings) -> Child:
    """Return a process that answers paths with reports."""
    return Child(_make_judge, model, settings, limit=_limit(settings))


def charge(
    path: str | Path, death: ChildDiedError, settings: Settings, identity: ModelIdentity
) -> Report:
    """Return the report of a file that a process died of, or hung on."""
    start = time.perf_counter() - death.seconds
    if death.hung:
        late = f"not analysed within {_limit(settings):g} s; raise --max-decode-seconds"
        return abstain(str(path), "over_limit", late, identity, start)
    died = "the decoding process died on this file; the file is damaged or hostile"
    return abstain(str(path), "unreadable", died, identity, start)


def judge(predictor: Predictor, path: str | Path) -> Report:
    """Analyse a file, or a copy of what an address names; the report bears the address."""
    if not is_address(path):
        return predictor.detect(path)
    name, start = str(path), time.perf_counter()
    try:
        with fetched(path, predictor.settings.limits.file_bytes) as copy:
            report = predictor.detect(copy)
    except UnreadableError as error:
        return abstain(name, error.reason, error.message, predictor.identity, start)
    media = report.media and report.media.model_copy(update={"path": name})
    return report.model_copy(update={"path": name, "media": media})


def _make_judge(model: str | Path | None, settings: Settings) -> Callable[[str | Path], Report]:
    cv2.setNumThreads(1)  # the predictor has threads of its own
    return partial(judge, Predictor(model, settings))


def _limit(settings: Settings) -> float:
    return settings.limits.decode_seconds + GRACE
