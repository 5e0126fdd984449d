"""Stills, through the public interface."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

import media_files as files
from unmask.errors import OverLimitError, UnreadableError, UnsupportedError
from unmask.media import Limits, MediaReader, open_media
from unmask.types import Frame


def read(path: Path) -> tuple[MediaReader, Frame]:
    with open_media(path) as reader:
        (frame,) = reader
    return reader, frame


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width: int, depth: int, colour: int, row: bytes, extra: bytes = b"") -> bytes:
    """A PNG of one row by hand, for the kinds that OpenCV does not write."""
    header = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(b"\0" + row))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".bmp", ".tiff", ".gif"])
def test_formats_are_known_by_content(tmp_path: Path, suffix: str):
    path = files.write_still(tmp_path / f"face{suffix}", files.numbered(9))
    path = path.rename(tmp_path / "face.mp4")
    reader, frame = read(path)
    assert reader.media.kind == "image"
    assert reader.media.container == reader.media.codec == suffix[1:].replace("jpg", "jpeg")
    assert (reader.media.width, reader.media.height) == (files.WIDTH, files.HEIGHT)
    assert (reader.expected, reader.decoded, reader.truncated, reader.notes) == (1, 1, False, ())
    assert (reader.media.fps, reader.media.duration) == (None, None)
    assert frame.time == 0
    assert frame.image.dtype == np.uint8
    assert files.is_upright(frame.image)
    assert files.read_number(frame.image) == 9


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(9))
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int):
    upright = files.numbered(9)
    stored = {
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }.get(orientation, upright)
    path = tmp_path / f"face{suffix}"
    files.write_still(path, np.ascontiguousarray(stored), orientation=orientation)
    reader, frame = read(path)
    assert frame.image.shape == (files.HEIGHT, files.WIDTH, 3)
    assert (reader.media.width, reader.media.height) == (files.WIDTH, files.HEIGHT)
    assert reader.media.rotation == {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}.get(
        orientation, 0
    )
    assert files.is_upright(frame.image)
    assert files.read_number(frame.image) == 9


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_transparency_is_laid_on_grey(tmp_path: Path, suffix: str):
    image = np.zeros((40, 60, 4), np.uint8)
    image[:, :20] = (255, 0, 0, 255)
    image[:, 20:40] = (255, 0, 0, 51)
    image[:, 40:] = (0, 255, 0, 0)  # what is hidden must not show
    _, frame = read(files.write_still(tmp_path / f"face{suffix}", image))
    assert frame.image[20, 10].tolist() == pytest.approx([255, 0, 0], abs=1)
    assert frame.image[20, 30].tolist() == pytest.approx([153, 102, 102], abs=2)
    assert frame.image[20, 50].tolist() == pytest.approx([128, 128, 128], abs=1)


def test_a_transparent_colour_of_a_palette(tmp_path: Path):
    path = tmp_path / "face.png"
    palette = chunk(b"PLTE", bytes([200, 0, 0, 0, 200, 0])) + chunk(b"tRNS", bytes([255, 0]))
    path.write_bytes(png(2, 8, 3, b"\0\1", palette))
    _, frame = read(path)
    assert frame.image.tolist() == [[[200, 0, 0], [128, 128, 128]]]


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_sixteen_bits(tmp_path: Path, suffix: str, channels: int):
    deep = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    image = (
        np.dstack([deep] * 3 + [np.full_like(deep, 65535)])[..., :channels] if channels else deep
    )
    reader, frame = read(files.write_still(tmp_path / f"face{suffix}", image))
    assert np.abs(frame.image[..., 1].astype(int) - (deep >> 8)).max() <= 1
    assert "16" in reader.media.pixel_format or "48" in reader.media.pixel_format or channels == 4


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_grey(tmp_path: Path, suffix: str):
    grey = np.full((40, 60), 77, np.uint8)
    _, frame = read(files.write_still(tmp_path / f"face{suffix}", grey))
    assert frame.image.shape == (40, 60, 3)
    assert np.abs(frame.image.astype(int) - 77).max() <= 1


def test_one_bit_png(tmp_path: Path):
    path = tmp_path / "face.png"
    path.write_bytes(png(8, 1, 0, b"\xf0"))
    _, frame = read(path)
    assert frame.image[0, :, 0].tolist() == [255] * 4 + [0] * 4


def test_grey_with_transparency(tmp_path: Path):
    path = tmp_path / "face.png"
    path.write_bytes(png(2, 8, 4, bytes([250, 255, 250, 0])))
    _, frame = read(path)
    assert frame.image[0, :, 0].tolist() == [250, 128]


def test_cmyk_jpeg(tmp_path: Path):
    path = files.write_still(tmp_path / "face.jpg", np.full((16, 16), 100, np.uint8))
    # Four equal components make a CMYK picture out of a grey one.
    data = path.read_bytes()
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    old_frame = data[frame : frame + 13]
    component = bytes([0x11, 0])
    new_frame = (
        b"\xff\xc0\0\x14\x08"
        + old_frame[5:9]
        + b"\4"
        + b"".join(bytes([i]) + component for i in (1, 2, 3, 4))
    )
    new_scan = b"\xff\xda\0\x0e\4" + b"".join(bytes([i, 0]) for i in (1, 2, 3, 4)) + b"\0\x3f\0"
    body = data[scan + 10 : -2]
    path.write_bytes(
        data[:frame] + new_frame + data[frame + 13 : scan] + new_scan + body * 4 + b"\xff\xd9"
    )
    _, seen = read(path)
    assert seen.image.shape == (16, 16, 3)


def test_float_pixels_are_unsupported(tmp_path: Path):
    path = tmp_path / "face.tiff"
    cv2.imwrite(str(path), np.ones((8, 8, 3), np.float32))
    with pytest.raises(UnsupportedError, match="float32; save it with 8 bits"):
        open_media(path)


def test_a_cut_jpeg_is_read_and_says_so(tmp_path: Path):
    image = cv2.resize(files.noisy(9), (480, 320))
    whole = files.write_still(tmp_path / "whole.jpg", image)
    path = files.write_still(tmp_path / "cut.jpg", image)
    files.cut(path, 0.6)
    reader, frame = read(path)
    assert reader.truncated
    assert reader.notes[0].startswith("truncated: ")
    intact = read(whole)[1].image
    assert np.abs(frame.image[:100].astype(int) - intact[:100]).mean() < 3


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tiff"])
def test_other_cut_stills_are_unreadable(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
):
    path = files.cut(files.write_still(tmp_path / f"face{suffix}", files.noisy(9)), 0.6)
    with pytest.raises(UnreadableError, match=r"face\.\w+: .*; get"):
        open_media(path)
    assert capfd.readouterr().err == ""


def test_animated_webp_gives_its_first_picture(tmp_path: Path):
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(files.numbered(i), cv2.COLOR_RGB2BGR) for i in (3, 4, 5)]
    animation.durations = np.array([100, 100, 100])
    path = tmp_path / "face.webp"
    assert cv2.imwriteanimation(str(path), animation)
    reader, frame = read(path)
    assert reader.notes == ("animated: only its first picture was analysed",)
    assert files.read_number(frame.image) == 3


def test_a_gif_of_one_picture_is_an_image(tmp_path: Path):
    path = files.write_video(tmp_path / "face.gif", 1, codec="gif", pixel_format="rgb8")
    assert read(path)[0].media.kind == "image"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".gif", ".tiff", ".avif"])
def test_pixels_are_counted_before_anything_is_unpacked(tmp_path: Path, suffix: str):
    path = files.write_still(tmp_path / f"face{suffix}", files.numbered(1))
    with pytest.raises(OverLimitError, match=r"6,144 pixels .* pixels = 6,143; .*--max-pixels"):
        open_media(path, limits=Limits(pixels=96 * 64 - 1))
    assert read(path)[0].media.width == 96


def test_a_decompression_bomb_costs_nothing(tmp_path: Path):
    path = tmp_path / "bomb.png"
    rows = zlib.compressobj()
    packed = b"".join(rows.compress(bytes(50_001)) for _ in range(2000)) + rows.flush()
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )
    tracemalloc.start()
    begin = time.perf_counter()
    with pytest.raises(OverLimitError, match="2,500,000,000 pixels"):
        open_media(path)
    assert time.perf_counter() - begin < 1
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_8k_still_opens_by_default(tmp_path: Path, suffix: str):
    image = cv2.resize(files.numbered(9), (7680, 4320), interpolation=cv2.INTER_NEAREST)
    _, frame = read(files.write_still(tmp_path / f"face{suffix}", image))
    assert frame.image.shape == (4320, 7680, 3)
    assert files.read_number(frame.image) == 9


def test_junk_behind_a_picture_is_not_read(tmp_path: Path):
    path = files.write_still(tmp_path / "face.jpg", files.numbered(9))
    with path.open("ab") as file:
        file.truncate(200_000_000)
    assert files.read_number(read(path)[1].image) == 9
