"""The outer structure of a video file: is it whole, and does it stand alone?

Only lengths and references are read here, before any decoder sees the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from unmask.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from unmask.media.limits import Stopwatch
    from unmask.media.sniff import Format

_WAY_DOWN = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"})
_CUT_OFF = "no picture in it can be found, get the file again"
_SELF_CONTAINED = 1  # flag of a data reference: the media is in this file


class _Part(NamedTuple):
    """A box, chunk or tag: where its content starts, and where it says that it ends."""

    kind: bytes
    start: int
    end: int


def check_structure(path: Path, found: Format, watch: Stopwatch) -> bool:
    """Look at the outer structure of the video at ``path``.

    Returns:
        Whether the file ends before its outermost parts say that it does.

    Raises:
        OverLimitError: it has so many parts that the time is used up.
        UnreadableError: the index (moov) of an MP4 is missing.
        UnsupportedError: the media of an MP4 is encrypted, or lies in another file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if found.demuxer == "mov":
            return _Boxes(path, file, watch).check(size)
        if found.demuxer == "matroska":
            return _segment_end(file) > size
        parts = {"avi": _chunks, "flv": _tags}.get(found.demuxer)
        end = 0
        for part in parts(file, size) if parts else ():
            watch.check()
            end = part.end
    return end > size


class _Boxes:
    """The boxes of an MP4 or QuickTime file."""

    def __init__(self, path: Path, file: BinaryIO, watch: Stopwatch) -> None:
        self._path, self._file, self._watch = path, file, watch

    def check(self, size: int) -> bool:
        """Whether the last box is cut off; see `check_structure`."""
        indexed = cut = False
        for box in self._inside(0, size):
            cut = box.end > size
            if box.kind == b"moov":
                indexed = True
                self._check_index(box)
                if cut:
                    raise UnreadableError(self._path, f"its index (moov) is cut off; {_CUT_OFF}")
        if not indexed:
            raise UnreadableError(self._path, f"its index (moov) is missing; {_CUT_OFF}")
        return cut

    def _check_index(self, parent: _Part, depth: int = 0) -> None:
        for box in self._inside(parent.start, parent.end):
            if box.kind in (b"cmov", b"rmra"):
                why = "its index is compressed or points at other files; convert it to plain MP4"
                raise UnsupportedError(self._path, why)
            if box.kind == b"dref" and not self._self_contained(box):
                why = (
                    "its media lies in another file (external data reference); "
                    "save it as one self-contained file"
                )
                raise UnsupportedError(self._path, why)
            if box.kind == b"stsd" and any(
                entry.kind == b"encv" for entry in self._inside(box.start + 8, box.end)
            ):
                raise UnsupportedError(self._path, "it is encrypted; give an unprotected copy")
            if box.kind in _WAY_DOWN and depth < len(_WAY_DOWN):
                self._check_index(box, depth + 1)

    def _self_contained(self, table: _Part) -> bool:
        for entry in self._inside(table.start + 8, table.end):
            self._file.seek(entry.start)
            if not int.from_bytes(self._file.read(4)) & _SELF_CONTAINED:
                return False
        return True

    def _inside(self, start: int, end: int) -> Iterator[_Part]:
        """The boxes between two positions; stops quietly at one that makes no sense."""
        while start + 8 <= end:
            self._watch.check()
            self._file.seek(start)
            header = self._file.read(16)
            length, kind, content = int.from_bytes(header[:4]), header[4:8], start + 8
            if length == 1:
                length, content = int.from_bytes(header[8:16]), start + 16
            elif length == 0:  # up to the end
                length = end - start
            if len(kind) < 4 or start + length < content:
                return
            yield _Part(kind, content, start + length)
            start += length


def _segment_end(file: BinaryIO) -> int:
    """Where the segment of a Matroska file says that it ends; 0 where it does not say."""
    head = file.read(4096)
    length, width = _variable(head, 4)
    at = 4 + width + length
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


def _chunks(file: BinaryIO, size: int) -> Iterator[_Part]:
    """The outermost chunks of a RIFF file; a long AVI has several."""
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(8)
        if header[:4] != b"RIFF":
            return
        end = at + 8 + int.from_bytes(header[4:], "little")
        yield _Part(b"RIFF", at + 8, end)
        at = end + end % 2


def _tags(file: BinaryIO, size: int) -> Iterator[_Part]:
    """The tags of an FLV file, each with the length that follows it."""
    file.seek(5)
    at = int.from_bytes(file.read(4)) + 4
    while at < size:
        file.seek(at)
        header = file.read(4)
        end = at + 11 + int.from_bytes(header[1:]) + 4
        yield _Part(header[:1], at + 11, end)
        at = end
