"""A folder of reports as Parquet parts: a run that was stopped does only what is left of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Final

from unmask.children import ChildDiedError
from unmask.cluster import check_engine, spread
from unmask.detect.bundle import load_bundle
from unmask.detect.run import charge, detect_many, make_child
from unmask.detect.settings import Settings
from unmask.errors import MissingExtraError, SettingError
from unmask.storage import Parts, Store
from unmask.types import ModelIdentity, Report

MOST: Final = 64
"""Media to a part at most: what a run that is stopped loses of each worker."""

LEAST_PARTS: Final = 32
"""Parts of a run of that many media or more, so that there is enough to deal out."""

KIND: Final = "reports"

Media = Sequence[str | Path]


def detect_into(
    out: str | Path,
    media: Media,
    model: str | Path | None = None,
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    engine: str = "local",
) -> Iterator[Report]:
    """Return the report of each file, in order, and keep them in ``reports-<number>.parquet``.

    Where parts are there already, of a run that was stopped, their reports are read back. Each row
    holds the columns of `COLUMNS` and, as ``report``, the line of JSON; pictures are not kept.

    Args:
        out: folder or address; under Ray one that all machines see.
        media: files, or addresses that fsspec opens.
        model: path or name of a bundle; None for the default.
        settings: choices of the analysis.
        workers: child processes, 1 if None; under Ray cores to use at most, all if None.
        engine: ``local`` or ``ray``.

    Raises:
        BundleError: the bundle cannot be used.
        ClusterError: Ray cannot be reached, or gave up.
        DataError: ``out`` holds results of other media, settings or another model.
        MissingExtraError: the extra ``cluster`` is not installed.
        SettingError: no such engine, no workers, or evidence is asked for.
    """
    _need_parquet()
    check_engine(engine)
    settings = settings or Settings()
    if settings.evidence:
        raise SettingError(
            "Parquet keeps no pictures of a report; give --out, or --report and --pdf, not both"
        )
    identity = load_bundle(model).identity
    parts = Parts(Store(out), KIND, _origin(media, settings, identity))
    run = _by_ray if engine == "ray" else _here
    return run(parts, deal(media), _Job(model, settings, workers))


@dataclass(frozen=True)
class _Job:
    """What does not differ from part to part."""

    model: str | Path | None
    settings: Settings
    workers: int | None


def _here(parts: Parts, dealt: Sequence[Media], job: _Job) -> Iterator[Report]:
    done = parts.done(len(dealt))
    missing = [medium for n, some in enumerate(dealt) if n not in done for medium in some]
    reports = detect_many(missing, job.model, job.settings, workers=job.workers or 1)
    for number, some in enumerate(dealt):
        if number in done:
            yield from read_part(parts, number)
            continue
        found = []
        for report in islice(reports, len(some)):
            found.append(report)
            yield report
        write_part(parts, number, found)
    parts.store.sweep()


def _by_ray(parts: Parts, dealt: Sequence[Media], job: _Job) -> Iterator[Report]:
    done = parts.done(len(dealt))
    left = {n: (n, some) for n, some in enumerate(dealt) if n not in done}
    alone = replace(job.settings, threads=job.settings.threads or 1)  # a core to each process
    made = spread(_Analyst, (parts, job.model, alone), left, workers=job.workers)
    for number in range(len(dealt)):
        while number not in done:
            done.add(next(made)[0])
        yield from read_part(parts, number)
    for _ in made:  # there is none; but Ray is to come to its end
        pass
    parts.store.sweep()


def deal(media: Media) -> list[Media]:
    """Return the media of each part."""
    size = max(1, min(MOST, len(media) // LEAST_PARTS))
    return [media[start : start + size] for start in range(0, len(media), size)]


class _Analyst:
    """Makes parts, in a process of Ray's, by way of a child that may die."""

    def __init__(self, parts: Parts, model: str | Path | None, settings: Settings) -> None:
        parts.check_shared()
        self._parts, self._settings = parts, settings
        self._identity = load_bundle(model).identity
        self._child = make_child(model, settings)

    def __call__(self, part: tuple[int, Media]) -> None:
        number, media = part
        write_part(self._parts, number, [self._report(medium) for medium in media])

    def _report(self, medium: str | Path) -> Report:
        try:
            return self._child.ask(medium)
        except ChildDiedError as death:
            return charge(medium, death, self._settings, self._identity)


COLUMNS: Final[Mapping[str, Callable[[Report], Any]]] = {
    "path": lambda report: report.path,
    "sha256": lambda report: report.sha256,
    "kind": lambda report: report.kind,
    "verdict": lambda report: report.verdict,
    "probability": lambda report: report.probability,
    "score": lambda report: report.score,
    "abstention": lambda report: report.abstention,
    "message": lambda report: report.message,
    "people": lambda report: len(report.faces),
    "seconds": lambda report: report.seconds,
    "report": lambda report: json.dumps(report.to_json(), allow_nan=False),
}
"""Columns of a part and what they hold of a report; ``report`` is all of it, as JSON."""

_TYPES = {"probability": "float64", "score": "float64", "people": "int32", "seconds": "float64"}


def write_part(parts: Parts, number: int, reports: Sequence[Report]) -> None:
    """Write the reports of a part."""
    import pyarrow as pa  # noqa: PLC0415 - comes with an extra
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.schema([(name, _TYPES.get(name, "string")) for name in COLUMNS])
    rows = [{name: of(report) for name, of in COLUMNS.items()} for report in reports]
    data = BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), data, compression="zstd")
    parts.store.write(parts.name(number), data.getvalue())


def read_part(parts: Parts, number: int) -> Iterator[Report]:
    """Yield the reports of a part."""
    from pyarrow import BufferReader, parquet  # noqa: PLC0415 - comes with an extra

    data = BufferReader(parts.store.read(parts.name(number)))
    for line in parquet.read_table(data, columns=["report"])["report"].to_pylist():
        yield Report.model_validate_json(line)


def _origin(media: Media, settings: Settings, identity: ModelIdentity) -> dict[str, Any]:
    """Return what the reports depend on."""
    digest = hashlib.sha256()
    for medium in media:
        digest.update(os.fsencode(str(medium)) + b"\0")
    choices = {**asdict(settings), "threads": 0}
    choices["trust_list"] = hashlib.sha256(settings.trust_list.encode()).hexdigest()
    return {
        "media": digest.hexdigest(),
        "count": len(media),
        "model": identity.sha256,
        "settings": choices,
    }


def _need_parquet() -> None:
    try:
        import pyarrow as pa  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("keeping reports as Parquet", "cluster") from error
