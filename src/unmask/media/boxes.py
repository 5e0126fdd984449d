"""The boxes of an MP4 or QuickTime file: is its index there, and is all its media inside it?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from unmask.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NESTED = {b"moov": (b"trak",), b"trak": (b"mdia",), b"mdia": (b"minf",), b"minf": (b"dinf",)}
_MOST_BOXES = 1_000_000  # a day of one-second fragments holds fewer; a hostile file is cut off here
_MOST_REFERENCES = 65_536  # bytes of one table of data references that are looked at
_SELF_CONTAINED = 1  # flag of a data reference: the media is in this file


class _Box(NamedTuple):
    kind: bytes
    start: int  # of the content, after the header
    end: int


def check_boxes(path: Path) -> bool:
    """Look through the boxes of the MP4 or QuickTime file at ``path``.

    Returns:
        Whether the file ends before its last box does.

    Raises:
        UnreadableError: the index (moov) is missing.
        UnsupportedError: the media, or part of it, lies in another file.
    """
    size = path.stat().st_size
    indexed = cut = False
    with path.open("rb") as file:
        for box in _boxes(file, 0, size):
            cut = box.end > size
            if box.kind == b"moov":
                indexed = True
                _check_references(path, file, box)
    if not indexed:
        raise UnreadableError(
            path,
            "its index (moov) is missing, so no picture in it can be found; "
            "the recording or copy was cut off, get the file again",
        )
    return cut


def _check_references(path: Path, file: BinaryIO, parent: _Box) -> None:
    for box in _boxes(file, parent.start, parent.end):
        if box.kind in (b"cmov", b"rmra"):
            raise UnsupportedError(
                path, "its index is compressed or points at other files; convert it to plain MP4"
            )
        if box.kind == b"dinf":
            for table in _boxes(file, box.start, box.end):
                if table.kind == b"dref" and not _self_contained(file, table):
                    raise UnsupportedError(
                        path,
                        "its media lies in another file (external data reference); "
                        "save it as one self-contained file",
                    )
        elif box.kind in _NESTED.get(parent.kind, ()):
            _check_references(path, file, box)


def _self_contained(file: BinaryIO, table: _Box) -> bool:
    for entry in _boxes(file, table.start + 8, min(table.end, table.start + _MOST_REFERENCES)):
        file.seek(entry.start)
        if not int.from_bytes(file.read(4)) & _SELF_CONTAINED:
            return False
    return True


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two positions; stops quietly at one that makes no sense."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        file.seek(start, os.SEEK_SET)
        header = file.read(16)
        length, kind, content = int.from_bytes(header[:4]), header[4:8], start + 8
        if length == 1:
            length, content = int.from_bytes(header[8:16]), start + 16
        elif length == 0:  # up to the end
            length = end - start
        if start + length < content:
            return
        yield _Box(kind, content, start + length)
        start += length
