"""Stills: one picture, decoded at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import av
import cv2
import numpy as np

from unmask.errors import UnreadableError, UnsupportedError
from unmask.media.headers import exif_orientation, jpeg_parts, png_chunks, still_size
from unmask.media.notes import still_notes
from unmask.media.picture import Orientation, Painter, lay_on_grey
from unmask.types import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame

    from unmask.media.limits import Limits
    from unmask.types import Image

# No still needs more than this; what stands behind it in the file is not picture data.
_BYTES_A_PIXEL = 16
_BYTES_BESIDE = 2**26
_END_OF_JPEG = b"\xff\xd9"


@dataclass(frozen=True)
class Still:
    """A decoded still: upright ``image``, uint8 RGB [H, W, 3], and what was found on the way."""

    image: Image
    codec: str
    pixel_format: str
    orientation: Orientation
    notes: tuple[str, ...] = ()
    truncated: bool = False
    expected: ClassVar[int] = 1
    decoded: ClassVar[int] = 1
    fps: ClassVar[None] = None
    seconds: ClassVar[None] = None
    tags: dict[str, str] = field(default_factory=dict)
    streams: ClassVar[tuple[str, ...]] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.image.shape[1], self.image.shape[0]

    def sample(self, _frames: int) -> Iterator[Frame]:
        """Yield the one picture, however many are asked for."""
        yield Frame(0.0, self.image)

    def close(self) -> None:
        """Nothing is left open."""


def read_still(path: Path, name: str, limits: Limits) -> Still:
    """Decode the still at ``path`` of format ``name``.

    Raises:
        OverLimitError: it has more pixels than ``limits`` allow; nothing was unpacked.
        UnreadableError: it is damaged.
        UnsupportedError: its pixels are of a kind that unmask does not read.
    """
    with path.open("rb") as file:
        data = file.read(min(path.stat().st_size, _BYTES_BESIDE))
        width, height = still_size(path, name, data)
        limits.check(path, "pixels", width * height)
        if len(data) == _BYTES_BESIDE:
            data += file.read(width * height * _BYTES_A_PIXEL)
    return replace(_read(path, name, data), tags=still_notes(name, data))


def _read(path: Path, name: str, data: bytes) -> Still:
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
    return Still(orientation.apply(_to_rgb(path, pixels)), name, kind, orientation, notes)


class _Quiet:
    """Keeps OpenCV's log off stderr while any thread is inside; what fails is raised instead."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._level = 0

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._level = cv2.utils.logging.getLogLevel()
                cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                cv2.utils.logging.setLogLevel(self._level)


_QUIET = _Quiet()


def _decode(path: Path, data: bytes) -> tuple[Any, Orientation]:
    with _QUIET:
        pixels, kinds, metadata = cv2.imdecodeWithMetadata(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
        )
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
    frame = _decode_one("png", path, data)
    exif = next((content for kind, content in png_chunks(data) if kind == b"eXIf"), b"")
    orientation = Orientation.from_exif(exif_orientation(exif))
    image = Painter((frame.width, frame.height), orientation).paint(frame)
    return Still(image, name, frame.format.name, orientation)


def _is_cut(data: bytes) -> bool:
    try:
        scan = max(at for marker, at in jpeg_parts(data) if marker == 0xDA)
    except (ValueError, IndexError):
        return False
    return data.find(_END_OF_JPEG, scan) < 0


def _read_cut_jpeg(path: Path, data: bytes) -> Still:
    frame = _decode_one("mjpeg", path, data + _END_OF_JPEG)
    orientation = Orientation.from_exif(_jpeg_tag(data))
    image = Painter((frame.width, frame.height), orientation).paint(frame)
    note = "truncated: the file ends early, the lower part of the picture may be missing"
    return Still(image, "jpeg", frame.format.name, orientation, (note,), truncated=True)


def _jpeg_tag(data: bytes) -> int:
    try:
        for marker, at in jpeg_parts(data):
            if marker == 0xE1 and data[at : at + 6] == b"Exif\0\0":
                return exif_orientation(data[at : at + 65_536])
    except (ValueError, IndexError):
        pass
    return 1


def _decode_one(codec: Literal["mjpeg", "png"], path: Path, data: bytes) -> VideoFrame:
    context = av.VideoCodecContext.create(codec, "r")
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    if not frames:
        raise UnreadableError(path, "the picture in it is damaged; get the file again")
    return frames[0]
