"""Small media files for tests, made on the spot.

Every frame of `numbered` carries its number as black and white bars, so that a test can tell which
frame it was given, and a red and a blue quarter, so that it can tell which way up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 96, 64
BARS = 12
RED, BLUE = (200, 40, 40), (40, 40, 200)
EXIF = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0"


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A picture: red left above, blue right above, ``number`` in bars below (lowest bit left)."""
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = RED
    image[: height // 2, width // 2 :] = BLUE
    for bar in range(BARS):
        left, right = bar * width // BARS, (bar + 1) * width // BARS
        image[height // 2 :, left:right] = 235 if number >> bar & 1 else 20
    return image


def noisy(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """`numbered` under noise, so that each frame takes many bytes."""
    noise = np.random.default_rng(number).integers(-20, 21, (height, width, 3))
    return np.clip(numbered(number, width, height) + noise, 0, 255).astype(np.uint8)


def read_number(image: Image) -> int:
    """The number that `numbered` drew, of any size."""
    height, width = image.shape[:2]
    row = image[height * 3 // 4].mean(axis=1)
    middles = [int((bar + 0.5) * width / BARS) for bar in range(BARS)]
    return sum(1 << bar for bar, at in enumerate(middles) if row[at] > 128)


def is_upright(image: Image) -> bool:
    """Whether the red quarter is left above and the blue one right above."""
    height, width = image.shape[:2]
    left, right = image[height // 4, width // 4], image[height // 4, width * 3 // 4]
    return int(left[0]) > int(left[2]) + 60 and int(right[2]) > int(right[0]) + 60


def write_video(
    path: Path,
    frames: int | Iterable[Image] = 30,
    *,
    rate: int | Fraction = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    container: str | None = None,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    rotation: float | None = None,
    aspect: Fraction | None = None,
    sound: bool = False,
) -> Path:
    """Write a video of `numbered` frames, or of the given ones, and return its path.

    Args:
        path: where; the suffix chooses the container unless ``container`` names it.
        frames: how many numbered frames, or the pictures themselves.
        rate: frames a second.
        codec: of libav.
        pixel_format: of libav.
        container: libav's name of the muxer.
        options: for the encoder, such as ``{"g": "12", "bf": "2"}``.
        muxing: for the container, such as ``{"movflags": "faststart"}``.
        times: presentation time of each frame in milliseconds, for a variable frame rate.
        rotation: turn, counter-clockwise degrees, in the display matrix.
        aspect: sample aspect ratio.
        sound: whether to add a silent sound track.
    """
    pictures = [numbered(i) for i in range(frames)] if isinstance(frames, int) else list(frames)
    with av.open(str(path), "w", format=container, options=muxing or {}) as output:
        quick = {"preset": "veryfast"} if codec in {"libx264", "libx265"} else {}
        stream = output.add_stream(codec, rate=rate, options=quick | (options or {}))
        stream.height, stream.width = pictures[0].shape[:2] if pictures else (HEIGHT, WIDTH)
        stream.pix_fmt = pixel_format
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        voice = output.add_stream("aac", rate=16_000, layout="mono") if sound else None
        output.start_encoding()
        if voice is not None:
            _silence(output, voice, len(pictures) / rate)
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format=_format(picture))
            frame = frame.reformat(format=pixel_format)
            frame.pts = i if times is None else times[i]
            frame.time_base = 1 / Fraction(rate) if times is None else Fraction(1, 1000)
            output.mux(stream.encode(frame))
        if pictures:
            output.mux(stream.encode())
    return path


def write_sound(path: Path, seconds: float = 1.0, cover: bytes = b"") -> Path:
    """Write a file with sound only, or, in a container that takes one, with a JPEG cover."""
    with av.open(str(path), "w") as output:
        voice = output.add_stream("aac", rate=16_000, layout="mono")
        picture = None
        if cover:
            picture = output.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        output.start_encoding()
        if picture is not None:
            packet = av.Packet(cover)
            packet.stream = picture
            packet.pts = packet.dts = 0
            output.mux(packet)
        _silence(output, voice, seconds)
    return path


def write_still(path: Path, image: Image, *, orientation: int = 0, quality: int = 95) -> Path:
    """Write a still in the format of the suffix; ``image`` is RGB, RGBA or grey, 8 or 16 bits.

    Args:
        path: where.
        image: [H, W], [H, W, 3] or [H, W, 4].
        orientation: Exif tag, 0 for none.
        quality: of JPEG.
    """
    if image.ndim == 3:
        image = cv2.cvtColor(
            image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        )
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix in {".jpg", ".jpeg"} else []
    if orientation:
        exif = np.frombuffer(EXIF % orientation, np.uint8)
        _, data = cv2.imencodeWithMetadata(
            path.suffix, image, [cv2.IMAGE_METADATA_EXIF], [exif], settings
        )
    else:
        _, data = cv2.imencode(path.suffix, image, settings)
    path.write_bytes(data.tobytes())
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first ``share`` of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def patch(path: Path, old: bytes, new: bytes) -> Path:
    """Replace bytes that must occur in a file."""
    data = path.read_bytes()
    assert old in data, f"{old!r} is not in {path}"
    path.write_bytes(data.replace(old, new))
    return path


def _format(picture: Image) -> str:
    return "rgba" if picture.shape[2] == 4 else "rgb24"


def _silence(output: av.container.OutputContainer, voice: av.AudioStream, seconds: float) -> None:
    for start in range(0, int(seconds * 16_000), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 16_000, start
        output.mux(voice.encode(frame))
    output.mux(voice.encode())
