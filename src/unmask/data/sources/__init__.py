"""One file a dataset: its published layout, read into manifest rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import polars as pl

from unmask.data.manifest import SPLITS, make_manifest
from unmask.data.sources.base import (
    ABSENT,
    LABELS_DIFFER,
    NO_ORIGINAL,
    NOT_UNICODE,
    SOURCES,
    TWICE,
    UNKNOWN_SPLIT,
    Problem,
    Row,
    Source,
)
from unmask.data.sources.families import strictest
from unmask.errors import DataError

__all__ = ["SOURCES", "Problem", "Source", "ingest", "write_problems"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")  # each file registers what it holds


def ingest(root: Path, source: str | None = None) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the manifest of the dataset at ``root``, and what is wrong with the dataset.

    Args:
        root: the dataset's folder.
        source: name of its source; recognised from the layout if not given.

    Raises:
        DataError: the folder is missing, has no layout that is known or several, or holds nothing.
        LeakError: its splits cut a family or an identity.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    source = source or _recognise(root)
    found = list(SOURCES[source]().scan(root))
    problems = [item for item in found if isinstance(item, Problem)]
    rows = _settle((item for item in found if not isinstance(item, Problem)), problems)
    if not rows:
        first = f"; {problems[0].path}: {problems[0].reason}" if problems else ""
        raise DataError(f"{root}: holds nothing in the layout '{source}'{first}")
    problems += _look(rows)
    return make_manifest(rows), problems


def write_problems(problems: Iterable[Problem], path: Path) -> None:
    """Write the problems as a CSV table: path, where, reason."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "where", "reason"))
        table.writerows((problem.path, problem.where, problem.reason) for problem in problems)


def _recognise(root: Path) -> str:
    names = sorted(name for name in SOURCES if SOURCES[name]().recognises(root))
    if len(names) == 1:
        return names[0]
    known = ", ".join(names or sorted(SOURCES))
    what = "layout fits several" if names else "layout not recognised"
    raise DataError(f"{root}: {what}; name it with --source ({known})")


def _settle(rows: Iterable[Row], problems: list[Problem]) -> list[Row]:
    """Return each video once; what is left out or changed is added to ``problems``."""
    videos: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        try:
            f"{row['video_id']}{row['path']}{row['group_id']}".encode()
        except UnicodeEncodeError:
            problems.append(Problem(row["path"], _where(row), NOT_UNICODE))
            continue
        if row.get("split") is not None and row["split"] not in SPLITS:
            where = f"{_where(row)}: '{row['split']}'"
            problems.append(Problem(row["path"], where, UNKNOWN_SPLIT))
            row["split"] = None
        videos.setdefault((row["dataset"], row["video_id"]), []).append(row)
    kept = []
    for same in videos.values():
        if len({row["label"] for row in same}) > 1:
            problems += [Problem(row["path"], _where(row), LABELS_DIFFER) for row in same]
            continue
        one = next((row for row in same if row.get("frames") != 0), same[0])
        problems += [Problem(row["path"], _where(row), TWICE) for row in same if row is not one]
        kept.append({**one, "split": strictest(row.get("split") for row in same)})
    return kept


def _look(rows: list[Row]) -> Iterator[Problem]:
    """Yield the rows that are absent, and those whose original is."""
    there = {(row["dataset"], row["video_id"]) for row in rows if row.get("frames") != 0}
    for row in rows:
        if row.get("frames") == 0:
            yield Problem(row["path"], _where(row), ABSENT)
        original = row.get("original_id")
        if original and (row["dataset"], original) not in there:
            yield Problem(row["path"], f"{_where(row)}: {original}", NO_ORIGINAL)


def _where(row: Row) -> str:
    return row.get("where") or row["dataset"]
