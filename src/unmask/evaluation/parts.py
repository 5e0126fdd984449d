"""Scores of datasets in parts, which are kept until all are there: a stopped run goes on.

Each medium is opened in a child process. One that the child dies of, or hangs on, is an abstention
like any other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl

from unmask.children import Child, ChildDiedError, ask_all
from unmask.cluster import check_engine, spread
from unmask.detect import Predictor, Settings, load_bundle
from unmask.detect.run import GRACE
from unmask.errors import DataError
from unmask.evaluation.scores import SCORE_SCHEMA, Dataset, Progress, score_row
from unmask.storage import Parts, Store

MOST: Final = 64
"""Media to a part at most."""

LEAST_PARTS: Final = 32
"""Parts of a run of that many media or more, so that there is enough to deal out."""

FOLDER: Final = "parts"

Row = tuple[Path, dict[str, Any]]
"""Where a manifest's paths start from, and a row of it."""


def score_in_parts(
    model: str | Path | None,
    settings: Settings,
    datasets: Sequence[Dataset],
    out: Path,
    *,
    workers: int | None = None,
    engine: str = "local",
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return the scores of datasets; see `unmask.evaluation.scores.score_rows`.

    Args:
        model: path or name of a bundle; None for the default.
        settings: choices of the analysis.
        datasets: of one split.
        out: folder that keeps the parts, in ``parts``, until `drop_parts`; those of another run
            are deleted. Under Ray all machines must see it and the datasets.
        workers: child processes, 1 if None; under Ray cores to use at most, all if None.
        engine: ``local`` or ``ray``.
        progress: called with (done, total).

    Raises:
        BundleError: the bundle cannot be used.
        ClusterError: Ray cannot be reached, or gave up.
    """
    check_engine(engine)
    rows: list[Row] = [(d.root, row) for d in datasets for row in d.rows.iter_rows(named=True)]
    size = max(1, min(MOST, len(rows) // LEAST_PARTS))
    dealt = [rows[start : start + size] for start in range(0, len(rows), size)]
    parts = _parts(out / FOLDER, model, settings, datasets)
    done = parts.done(len(dealt))
    left = {number: (number, some) for number, some in enumerate(dealt) if number not in done}
    ready = sum(len(dealt[number]) for number in done)
    made: Iterator[int]
    if engine == "ray":
        alone = replace(settings, threads=settings.threads or 1)  # a core to each process
        made = (n for n, _ in spread(_Scorer, (parts, model, alone), left, workers=workers))
    else:
        made = _here(parts, left, model, settings, workers or 1)
    for number in made:
        ready += len(dealt[number])
        if progress:
            progress(ready, len(rows))
    tables = [pl.read_parquet(parts.store.read(parts.name(n))) for n in range(len(dealt))]
    return pl.concat(tables)


def drop_parts(out: Path) -> None:
    """Delete the parts of a run that has its results."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def _parts(
    folder: Path, model: str | Path | None, settings: Settings, datasets: Sequence[Dataset]
) -> Parts:
    """Return the parts of this run, emptied if those there are of another."""
    origin = {
        "model": load_bundle(model).identity.sha256,
        "settings": {**asdict(settings), "threads": 0},
        "datasets": [[d.manifest_sha256, len(d.rows), str(d.root)] for d in datasets],
    }
    try:
        return Parts(Store(folder), "scores", origin)
    except DataError:
        shutil.rmtree(folder)
        return Parts(Store(folder), "scores", origin)


def _here(
    parts: Parts,
    left: Mapping[int, tuple[int, Sequence[Row]]],
    model: str | Path | None,
    settings: Settings,
    workers: int,
) -> Iterator[int]:
    children = [_child(model, settings) for _ in range(workers)]
    scores = ask_all(children, [row for _, some in left.values() for row in some], _charge)
    for number, some in left.values():
        _write(parts, number, some, [next(scores) for _ in some])
        yield number
    for _ in scores:  # there is none; but the children are to end
        pass


class _Scorer:
    """Scores parts, in a process of Ray's, by way of a child that may die."""

    def __init__(self, parts: Parts, model: str | Path | None, settings: Settings) -> None:
        parts.check_shared()
        self._parts, self._child = parts, _child(model, settings)

    def __call__(self, part: tuple[int, Sequence[Row]]) -> None:
        number, rows = part
        _write(self._parts, number, rows, [self._score(row) for row in rows])

    def _score(self, row: Row) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._child.ask(row)
        except ChildDiedError as death:
            return _charge(row, death)
        return found


def _child(model: str | Path | None, settings: Settings) -> Child:
    most = settings.frames * settings.limits.decode_seconds  # a folder is many pictures
    return Child(_make_scorer, model, settings, limit=most + GRACE)


def _make_scorer(model: str | Path | None, settings: Settings) -> Callable[[Row], dict[str, Any]]:
    return partial(_score_row, Predictor(model, settings))


def _score_row(predictor: Predictor, row: Row) -> dict[str, Any]:
    return score_row(predictor, *row)


def _charge(_: Row, death: ChildDiedError) -> dict[str, Any]:
    return {"abstention": "over_limit" if death.hung else "unreadable"}


def _write(
    parts: Parts, number: int, rows: Sequence[Row], scores: Sequence[dict[str, Any]]
) -> None:
    found = [{**row, **score} for (_, row), score in zip(rows, scores, strict=True)]
    data = BytesIO()
    pl.DataFrame(found, schema=SCORE_SCHEMA).write_parquet(data)
    parts.store.write(parts.name(number), data.getvalue())
