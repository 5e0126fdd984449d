"""Stills: one picture, decoded at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

from unmask.errors import UnreadableError, UnsupportedError
from unmask.media.headers import exif_orientation, jpeg_parts, png_chunks, still_size
from unmask.media.picture import Orientation, Painter, lay_on_grey

if TYPE_CHECKING:
    from pathlib import Path

    from unmask.media.limits import Limits
    from unmask.types import Image

# No still needs more than this; what stands behind it in the file is not picture data.
_BYTES_A_PIXEL = 16
_BYTES_BESIDE = 2**26
_END_OF_JPEG = b"\xff\xd9"


@dataclass
class Still:
    """A decoded still: upright ``image`` uint8 RGB [H, W, 3] and what was found on the way."""

    image: Image
    pixel_format: str
    rotation: int
    notes: tuple[str, ...] = ()
    truncated: bool = False


def read_still(path: Path, name: str, limits: Limits) -> Still:
    """Decode the still at ``path`` of format ``name``.

    Raises:
        OverLimitError: it has more pixels than ``limits`` allow; nothing was unpacked.
        UnreadableError: it is damaged.
        UnsupportedError: its pixels are of a kind that unmask does not read.
    """
    with path.open("rb") as file:
        data = file.read(_BYTES_BESIDE)
        width, height = still_size(path, name, data)
        limits.check(path, "pixels", width * height)
        if len(data) == _BYTES_BESIDE:
            data += file.read(width * height * _BYTES_A_PIXEL)
    if name in ("png", "apng"):
        return _read_png(path, name, data)
    notes: tuple[str, ...] = ()
    if name == "jpeg" and _is_cut(data):
        return _read_cut_jpeg(path, data)
    if name == "webp" and data[12:16] == b"VP8X" and data[20] & 2:
        notes = ("animated: only its first picture was analysed",)
    if name == "avif" and data[8:12] == b"avis":
        notes = ("animated: only its first picture was analysed",)
    pixels, orientation = _decode(path, data)
    kind = {1: "gray", 3: "rgb", 4: "rgba"}[1 if pixels.ndim == 2 else pixels.shape[2]]
    kind += "16" if pixels.dtype == np.uint16 else ""
    return Still(orientation.apply(_to_rgb(path, pixels)), kind, orientation.degrees, notes)


def _decode(path: Path, data: bytes) -> tuple[Any, Orientation]:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels, kinds, metadata = cv2.imdecodeWithMetadata(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
        )
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None or pixels.size == 0:
        raise UnreadableError(path, "the picture in it is damaged; get the file again")
    exif = dict(zip(kinds, metadata, strict=False)).get(cv2.IMAGE_METADATA_EXIF)
    tag = 1 if exif is None else exif_orientation(exif.tobytes())
    return pixels, Orientation.from_exif(tag)


def _to_rgb(path: Path, pixels: Any) -> Image:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise UnsupportedError(
            path, f"its pixels are {pixels.dtype}; save it with 8 bits a channel as PNG"
        )
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    if channels == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    return lay_on_grey(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA))


def _read_png(path: Path, name: str, data: bytes) -> Still:
    # libpng, which OpenCV would use, prints its warnings; libav's decoder is silent.
    frame = _decode_one("apng" if name == "apng" else "png", path, data)
    exif = next((content for kind, content in png_chunks(data) if kind == b"eXIf"), b"")
    orientation = Orientation.from_exif(exif_orientation(exif))
    image = Painter((frame.width, frame.height), orientation).paint(frame)
    return Still(image, frame.format.name, orientation.degrees)


def _is_cut(data: bytes) -> bool:
    try:
        scan = max(at for marker, at in jpeg_parts(data) if marker == 0xDA)
    except (ValueError, IndexError):
        return True
    return data.find(_END_OF_JPEG, scan) < 0


def _read_cut_jpeg(path: Path, data: bytes) -> Still:
    frame = _decode_one("mjpeg", path, data + _END_OF_JPEG)
    image = Painter((frame.width, frame.height), Orientation()).paint(frame)
    note = "truncated: the file ends early, the lower part of the picture may be missing"
    return Still(image, frame.format.name, 0, (note,), truncated=True)


def _decode_one(codec: str, path: Path, data: bytes) -> Any:
    context = av.CodecContext.create(codec, "r")
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    if not frames:
        raise UnreadableError(path, "the picture in it is damaged; get the file again")
    return frames[0]
