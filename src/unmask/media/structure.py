"""The outer structure of a video file: is it whole, and does it stand alone?

Only lengths and references are read here, before any decoder sees the file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from unmask.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unmask.media.sniff import Format

_NESTED = {b"moov": (b"trak",), b"trak": (b"mdia",), b"mdia": (b"minf",), b"minf": (b"dinf",)}
_MOST_BOXES = 1_000_000  # a day of one-second fragments holds fewer; a hostile file is cut off here
_MOST_REFERENCES = 65_536  # bytes of one table of data references that are looked at
_CUT_OFF = "no picture in it can be found, get the file again"
_SELF_CONTAINED = 1  # flag of a data reference: the media is in this file


class _Box(NamedTuple):
    kind: bytes
    start: int  # of the content, after the header
    end: int


def check_structure(path: Path, found: Format) -> bool:
    """Look at the outer structure of the video at ``path``.

    Returns:
        Whether the file ends before its outermost parts say that it does.

    Raises:
        UnreadableError: the index (moov) of an MP4 is missing.
        UnsupportedError: the media of an MP4, or part of it, lies in another file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if found.demuxer == "mov":
            return _check_boxes(path, file, size)
        if found.demuxer == "matroska":
            return _segment_end(file) > size
        if found.demuxer == "avi":
            return any(chunk.end > size for chunk in _chunks(file, size))
        if found.demuxer == "flv":
            return _tags_end(file, size) > size
    return False


def _check_boxes(path: Path, file: BinaryIO, size: int) -> bool:
    indexed = cut = False
    for box in _boxes(file, 0, size):
        cut = box.end > size
        if box.kind == b"moov":
            indexed = True
            _check_references(path, file, box)
            if cut:
                raise UnreadableError(path, f"its index (moov) is cut off; {_CUT_OFF}")
    if not indexed:
        raise UnreadableError(path, f"its index (moov) is missing; {_CUT_OFF}")
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


def _segment_end(file: BinaryIO) -> int:
    """Where the segment of a Matroska file says that it ends; 0 where it does not say."""
    file.seek(0)
    head = file.read(4096)
    at = 4
    length, width = _variable(head, at)
    at += width + length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    length, width = _variable(head, at + 4)
    unknown = length == (1 << 7 * width) - 1
    return 0 if unknown else at + 4 + width + length


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """The EBML number at ``at``, and how many bytes it takes."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if width > 8:
        return 0, 1
    return int.from_bytes(data[at : at + width]) & ((1 << 7 * width) - 1), width


def _chunks(file: BinaryIO, size: int) -> Iterator[_Box]:
    """The outermost chunks of a RIFF file; a long AVI has several."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(8)
        if header[:4] != b"RIFF" or at >= size:
            return
        end = at + 8 + int.from_bytes(header[4:], "little")
        yield _Box(b"RIFF", at + 8, end)
        at = end + end % 2


def _tags_end(file: BinaryIO, size: int) -> int:
    """Where the last tag of an FLV file ends."""
    file.seek(5)
    at = int.from_bytes(file.read(4)) + 4
    for _ in range(_MOST_BOXES):
        if at >= size:
            break
        file.seek(at + 1)
        at += 11 + int.from_bytes(file.read(3)) + 4
    return at
