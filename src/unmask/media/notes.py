"""What a still notes about its making: camera, software, times, comments."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from unmask.media.headers import jpeg_parts, png_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_ENTRIES = 200
_MOST_NOTES = 64
_MOST_BYTES = 2000  # of one note
_EXIF, _COMMENT = 0xE1, 0xFE  # JPEG markers
_ASCII, _LONG = 2, 4  # TIFF types
_DEEPER = 0x8769  # where Exif's own directory starts

_NAMES: Final[Mapping[int, str]] = {
    0x010E: "description",
    0x010F: "camera make",
    0x0110: "camera model",
    0x0131: "software",
    0x0132: "modified",
    0x013B: "artist",
    0x8298: "copyright",
    0x9003: "taken",
    0x9004: "digitised",
    0x9010: "modified, offset from UTC",
    0x9011: "taken, offset from UTC",
    0xA434: "lens model",
}

_BROKEN = (ValueError, IndexError, struct.error)


def still_notes(name: str, data: bytes) -> dict[str, str]:
    """Return the notes of a still of format ``name``, by what they say; {} where there are none.

    Whatever stands there is the maker's or an editor's word. What is damaged is passed over.
    """
    found: dict[str, str] = {}
    with suppress(*_BROKEN):
        for key, text in _READERS[name](data) if name in _READERS else ():
            words = " ".join(text[:_MOST_BYTES].decode("utf-8", "replace").split("\0")).strip()
            if words and len(found) < _MOST_NOTES:
                found.setdefault(key, words)
    return found


def _jpeg(data: bytes) -> Iterator[tuple[str, bytes]]:
    for marker, at in jpeg_parts(data):
        content = data[at : at - 2 + int.from_bytes(data[at - 2 : at])]
        if marker == _EXIF and content.startswith(b"Exif\0\0"):
            yield from _exif(content[6:])
        elif marker == _COMMENT:
            yield "comment", content


def _png(data: bytes) -> Iterator[tuple[str, bytes]]:
    for kind, content in png_chunks(data):
        if kind == b"eXIf":
            yield from _exif(content)
        elif kind == b"tEXt":
            key, _, text = content.partition(b"\0")
            # PNG text is Latin-1.
            yield key[:80].decode("latin-1").lower(), text.decode("latin-1").encode()


def _webp(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            yield from _exif(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        at += 8 + length + length % 2


def _exif(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the texts of TIFF or Exif data. What breaks off ends them, and no more."""
    with suppress(*_BROKEN):
        order = {b"II": "<", b"MM": ">"}[data[:2]] if data[:2] in (b"II", b"MM") else ""
        if order:
            first = struct.unpack_from(f"{order}I", data, 4)[0]
            yield from _directory(data, order, first, deeper=True)


def _directory(data: bytes, order: str, at: int, *, deeper: bool) -> Iterator[tuple[str, bytes]]:
    count = struct.unpack_from(f"{order}H", data, at)[0]
    for index in range(min(count, _MOST_ENTRIES)):
        entry = at + 2 + 12 * index
        tag, kind, length, value = struct.unpack_from(f"{order}HHII", data, entry)
        if tag in _NAMES and kind == _ASCII:
            start = entry + 8 if length <= 4 else value
            yield _NAMES[tag], data[start : start + min(length, _MOST_BYTES)]
        elif tag == _DEEPER and kind == _LONG and deeper:
            yield from _directory(data, order, value, deeper=False)


_READERS = {
    "jpeg": _jpeg,
    "png": _png,
    "apng": _png,
    "webp": _webp,
    "tiff": _exif,
}
