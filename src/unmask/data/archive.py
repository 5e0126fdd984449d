"""Moving files out of a dataset, and back: a journal is written before each move."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from unmask.errors import DataError

JOURNAL: Final = "journal.jsonl"


@dataclass(frozen=True)
class Archived:
    """What became of the files asked for: moved now, without a file of their own, not there."""

    moved: int
    packed: int
    absent: int


def archive(paths: Iterable[str], root: Path, folder: Path) -> Archived:
    """Move files and frame folders of a dataset into an archive, where they keep their place.

    Each move is one line of ``journal.jsonl`` in the archive, on the disk before the move is made,
    so that `undo_moves` puts everything back whenever this is stopped; called again, it goes on.

    Args:
        paths: relative to ``root``. What lies within a zip stays there and is counted.
        root: folder of the dataset.
        folder: the archive, on the same file system.

    Raises:
        DataError: a path leads out of ``root``, something else is in its place in the archive,
            or the archive is on another file system.
    """
    root, folder = root.resolve(), folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    moved = packed = absent = 0
    with (folder / JOURNAL).open("a+b") as journal:
        _end_line(journal.fileno())
        for path in paths:
            source, target = root / path, folder / path
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise DataError(f"{path}: leads out of {root}; mend the manifest")
            if not os.path.lexists(source):
                within = any(parent.is_file() for parent in source.parents)
                packed, absent = packed + within, absent + (not within)
            elif os.path.lexists(target):
                raise DataError(f"{target}: there already; choose another archive folder")
            else:
                line = json.dumps({"from": str(source), "to": str(target)}) + "\n"
                journal.write(line.encode())
                journal.flush()
                os.fsync(journal.fileno())
                _move(source, target)
                moved += 1
    return Archived(moved, packed, absent)


def undo_moves(journal: Path) -> int:
    """Put back what a journal says was moved, last moves first; return the number of moves undone.

    A move that was not made, or was undone before, is passed over.

    Raises:
        DataError: the file is no journal, or something else has taken an old place.
    """
    try:
        lines = journal.read_text(encoding="utf-8").splitlines()
        moves = [json.loads(line) for line in lines if line.endswith("}")]  # else it was cut short
        pairs = [(Path(move["to"]), Path(move["from"])) for move in reversed(moves)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{journal}: not a journal of `unmask data clean` ({error})") from error
    undone = 0
    for source, target in pairs:
        if os.path.lexists(source):
            if os.path.lexists(target):
                raise DataError(f"{target}: there again, so that {source} has no place to go to")
            _move(source, target)
            undone += 1
    return undone


def _move(source: Path, target: Path) -> None:
    """Move in one step, which is done or not done, never half."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise DataError(
            f"{target}: on another file system than {source}; choose an archive on the same one"
        ) from error


def _end_line(journal: int) -> None:
    """End the line that a kill cut short."""
    size = os.lseek(journal, 0, os.SEEK_END)
    if size and os.pread(journal, 1, size - 1) != b"\n":
        os.write(journal, b"\n")
