"""Cut and corrupt files: what decodes is given, what does not is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import media_files as files
from unmask.errors import MediaError
from unmask.media import open_media

FAST_START = {"movflags": "faststart"}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_cut_mp4_is_sampled_over_what_is_left(tmp_path: Path, share: float):
    frames = [files.noisy(i) for i in range(250)]
    path = files.write_video(tmp_path / "clip.mp4", frames, muxing=FAST_START)
    files.cut(path, share)
    with open_media(path, frames=16) as reader:
        numbers = [files.read_number(frame.image) for frame in reader]
        assert reader.truncated
        assert reader.expected == 250
        assert 0.5 * share * 250 < reader.decoded < min(250, 1.3 * share * 250)
        assert reader.media.duration == pytest.approx(reader.decoded / 25, abs=0.2)
        (note,) = reader.notes
        assert note == (f"truncated: {reader.media.duration:.1f} s of 10.0 s could be decoded")
    assert len(numbers) == 16
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > reader.decoded * 0.9


@pytest.mark.parametrize(
    ("container", "codec", "muxing"),
    [
        ("mp4", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
        ("matroska", "libx264", {}),
        ("flv", "libx264", {}),
        ("avi", "mpeg4", {}),
    ],
)
def test_other_containers_know_that_they_are_cut(
    tmp_path: Path, container: str, codec: str, muxing: dict[str, str]
):
    path = tmp_path / "clip"
    files.write_video(
        path, 250, container=container, codec=codec, muxing=muxing, options={"g": "25"}
    )
    files.cut(path, 0.5)
    with open_media(path, frames=16) as reader:
        numbers = [files.read_number(frame.image) for frame in reader]
        assert reader.truncated
        assert reader.decoded < reader.expected
        assert len(reader.notes) == 1
        assert reader.notes[0].startswith("truncated: ")
    assert len(numbers) == 16


def test_a_cut_transport_stream_is_read_to_its_end(tmp_path: Path):
    path = files.cut(files.write_video(tmp_path / "clip.ts", 250), 0.5)
    with open_media(path, frames=16) as reader:
        assert len(list(reader)) == 16


def test_a_cut_that_only_costs_sound_is_no_truncation(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mp4", 50, sound=True, muxing=FAST_START)
    data = path.read_bytes()
    path.write_bytes(data[:-8])
    with open_media(path) as reader:
        frames = list(reader)
    assert len(frames) == 32
    assert reader.truncated == (reader.decoded < reader.expected)


def test_corrupt_packets_are_passed_over_and_counted(tmp_path: Path):
    path = files.write_video(
        tmp_path / "clip.mp4", 100, codec="mjpeg", pixel_format="yuvj420p", muxing=FAST_START
    )
    data = path.read_bytes()
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
    broken = bytearray(data)
    broken[starts[10] : starts[20]] = bytes(starts[20] - starts[10])
    path.write_bytes(broken)
    with open_media(path, frames=100) as reader:
        numbers = [files.read_number(frame.image) for frame in reader]
        assert (reader.expected, reader.decoded) == (100, 90)
        assert reader.notes == ("damaged: 10 of 100 frames could not be decoded",)
        assert not reader.truncated
    assert numbers == [*range(10), *range(20, 100)]


def test_a_hole_in_the_middle(tmp_path: Path):
    frames = [files.noisy(i) for i in range(250)]
    path = files.write_video(tmp_path / "clip.mp4", frames, options={"g": "25"}, muxing=FAST_START)
    data = bytearray(path.read_bytes())
    middle, hole = len(data) // 2, len(data) // 20
    data[middle : middle + hole] = bytes(hole)
    path.write_bytes(data)
    with open_media(path, frames=16) as reader:
        times = [frame.time for frame in reader]
    assert len(times) >= 12
    assert times == sorted(set(times))


def jpeg(path: Path) -> Path:
    return files.write_still(path.with_suffix(".jpg"), files.numbered(5), orientation=6)


def png(path: Path) -> Path:
    return files.write_still(path.with_suffix(".png"), files.numbered(5))


def webp(path: Path) -> Path:
    return files.write_still(path.with_suffix(".webp"), files.numbered(5))


def avif(path: Path) -> Path:
    return files.write_still(path.with_suffix(".avif"), files.numbered(5))


def tiff(path: Path) -> Path:
    return files.write_still(path.with_suffix(".tiff"), files.numbered(5))


def mp4(path: Path) -> Path:
    return files.write_video(path, 20, sound=True, container="mp4", muxing=FAST_START)


def mkv(path: Path) -> Path:
    return files.write_video(path, 20, container="matroska", codec="libvpx-vp9")


def ts(path: Path) -> Path:
    return files.write_video(path, 20, container="mpegts")


def avi(path: Path) -> Path:
    return files.write_video(path, 20, container="avi", codec="mpeg4")


def gif(path: Path) -> Path:
    return files.write_video(path, 5, container="gif", codec="gif", pixel_format="rgb8")


@pytest.mark.parametrize("make", [jpeg, png, webp, avif, tiff, mp4, mkv, ts, avi, gif])
def test_hostile_bytes_give_frames_or_one_clear_line(
    tmp_path: Path, make: Callable[[Path], Path], capfd: pytest.CaptureFixture[str]
):
    original = make(tmp_path / "original").read_bytes()
    path = tmp_path / "hostile"
    size = len(original)
    flips = st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, 255)), max_size=12)
    early = st.lists(st.tuples(st.integers(0, min(size, 800) - 1), st.integers(0, 255)), max_size=4)

    @settings(
        derandomize=True,
        deadline=None,
        max_examples=60,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(flips, early, st.integers(0, size))
    def check(some: list[tuple[int, int]], more: list[tuple[int, int]], length: int) -> None:
        data = bytearray(original)
        for at, value in some + more:
            data[at] = value
        path.write_bytes(data if length % 2 else data[:length])
        try:
            with open_media(path, frames=4) as reader:
                times = [frame.time for frame in reader]
        except MediaError as error:
            lines = str(error).splitlines()
            assert len(lines) == 1
        else:
            assert times == sorted(set(times))
            assert 0 <= reader.decoded <= reader.expected

    check()
    if make is not jpeg:  # libjpeg has a line of its own for corrupt data
        assert capfd.readouterr().err == ""
