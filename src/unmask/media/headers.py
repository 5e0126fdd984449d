"""Size of a still by its header alone, so that a decompression bomb is never unpacked."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from unmask.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TIFF_TYPES = {1: "B", 3: "H", 4: "I"}  # the ones that a width, height or orientation may have
_MOST_TAGS = 1000
_ORIENTATION = 0x112


def still_size(path: Path, name: str, data: bytes) -> tuple[int, int]:
    """Return width and height in pixels, as stored, of the still ``data`` of format ``name``.

    Raises:
        UnreadableError: the header is damaged.
    """
    try:
        width, height = _SIZES[name](data)
    except (ValueError, IndexError, struct.error):
        width = height = 0
    if width <= 0 or height <= 0:
        raise UnreadableError(path, f"its {name} header is damaged; get the file again")
    return width, height


def exif_orientation(exif: bytes) -> int:
    """The orientation tag (1 to 8) of Exif data, 1 where there is none."""
    try:
        return _tiff_tag(exif.removeprefix(b"Exif\0\0"), _ORIENTATION)
    except (ValueError, IndexError, struct.error):
        return 1


def jpeg_parts(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and position of its content for each segment before the first scan, and the scan."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        yield marker, at + 4
        if marker == 0xDA:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise ValueError("no marker where one must stand")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk of a PNG; large ones are cut short."""
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + min(length, 65_536)]
        at += 12 + length


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    return struct.unpack_from(">II", data, 16)


def _jpeg(data: bytes) -> tuple[int, int]:
    for marker, at in jpeg_parts(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 1)
            return width, height
    raise ValueError("no frame header")


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("unknown chunk")


def _avif(data: bytes) -> tuple[int, int]:
    """The largest picture extent (ispe) that the index declares: tiles and grids are smaller."""
    sizes: list[tuple[int, int]] = []
    at = data.find(b"ispe")
    while at >= 0 and len(sizes) < _MOST_TAGS:
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at = data.find(b"ispe", at + 16)
    return max(sizes, key=lambda size: size[0] * size[1])


def _bmp(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _gif(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", data, 6)


def _tiff(data: bytes) -> tuple[int, int]:
    return _tiff_tag(data, 256), _tiff_tag(data, 257)


def _tiff_tag(data: bytes, wanted: int) -> int:
    """The value of a tag in the first directory of TIFF or Exif data."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no byte order")
    at = struct.unpack_from(f"{order}I", data, 4)[0]
    for i in range(min(struct.unpack_from(f"{order}H", data, at)[0], _MOST_TAGS)):
        entry = at + 2 + 12 * i
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag == wanted and kind in _TIFF_TYPES:
            return int(struct.unpack_from(order + _TIFF_TYPES[kind], data, entry + 8)[0])
    raise ValueError("no such tag")


_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "avif": _avif,
    "bmp": _bmp,
    "gif": _gif,
    "jpeg": _jpeg,
    "png": _png,
    "apng": _png,
    "tiff": _tiff,
    "webp": _webp,
}
