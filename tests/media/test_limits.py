"""Limits: each names itself, its value, the file's value and the way to raise it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import bad_inputs as bad
import media_files as files
from unmask.errors import OverLimitError, SettingError
from unmask.media import Limits, open_media


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_video(tmp_path_factory.mktemp("limits") / "clip.mp4", 50)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(file_bytes=100), r"bytes is over the limit file_bytes = 100; .*--max-file-size"),
        (Limits(pixels=6143), r"^.*6,144 pixels is over the limit pixels = 6,143; .*--max-pixels"),
        (Limits(duration=1.9), r"2\.0 s is over the limit duration = 1\.9; .*--max-duration"),
        (Limits(frames=49), r"50 frames is over the limit frames = 49; .*--max-frames"),
        (Limits(decode_seconds=1e-9), r"decode_seconds = .*--max-decode-seconds"),
    ],
)
def test_a_breach_names_limit_values_and_cure(clip: Path, limits: Limits, says: str):
    with pytest.raises(OverLimitError, match=says) as caught, open_media(clip, limits=limits) as it:
        list(it)
    assert caught.value.reason == "over_limit"


def test_a_file_at_the_limit_opens(clip: Path):
    size = clip.stat().st_size
    limits = Limits(file_bytes=size, pixels=6144, duration=2.0, frames=50)
    with open_media(clip, limits=limits) as reader:
        assert len(list(reader)) == 32


@pytest.mark.parametrize("container", ["matroska", "mpegts", "mpeg"])
def test_containers_that_do_not_declare_are_counted(tmp_path: Path, container: str):
    codec = "mpeg2video" if container == "mpeg" else "libx264"
    path = files.write_video(tmp_path / "clip", 50, container=container, codec=codec)
    for limits in (Limits(frames=49), Limits(duration=1.8), Limits(pixels=6143)):
        with pytest.raises(OverLimitError):
            open_media(path, limits=limits)


def test_a_lying_header_does_not_help(tmp_path: Path):
    path = bad.lying_header(tmp_path / "clip.mp4")
    with pytest.raises(OverLimitError, match="duration"):
        open_media(path, limits=Limits(duration=1.5))


def test_time_between_frames_is_the_callers(clip: Path, monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr("unmask.media.limits.time", SimpleNamespace(monotonic=lambda: now[0]))
    with open_media(clip, limits=Limits(decode_seconds=5)) as reader:
        for _ in reader:
            now[0] += 60


def test_time_while_decoding_is_counted(clip: Path, monkeypatch: pytest.MonkeyPatch):
    ticks: Iterator[float] = iter(float(i) for i in range(10_000))
    monkeypatch.setattr("unmask.media.limits.time", SimpleNamespace(monotonic=ticks.__next__))
    with (
        open_media(clip, limits=Limits(decode_seconds=80)) as reader,
        pytest.raises(OverLimitError, match="decode_seconds"),
    ):
        list(reader)


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
@pytest.mark.parametrize("name", ["file_bytes", "pixels", "duration", "frames", "decode_seconds"])
def test_limits_are_finite_and_positive(name: str, value: float):
    with pytest.raises(SettingError, match=f"{name} must be finite and above 0. Got"):
        Limits(**{name: value})
