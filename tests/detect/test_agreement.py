"""What is done for speed changes no verdict: beside every frame searched whole, by the detector
that ships. That frames are decoded to the same pixels is tested where they are decoded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import media_files as files
from unmask.detect import Predictor, Settings
from unmask.types import Image, Report

CLIPS = [
    "dfdc/abqwwspghj.mp4",
    "dfdc/lynaeydofd.mp4",
    "ffpp-c23/004.mp4",
    "ffpp-c23/519_515.mp4",
    "real/latentsync_demo1.mp4",
    "real/liveportrait_s18.mp4",
]
"""Those in which faces are small enough for a part of the picture to be searched."""

APART = 0.01
"""Most that two probabilities may differ by."""


@pytest.fixture(scope="module")
def plain() -> Predictor:
    return Predictor(settings=Settings(follow=False))


@pytest.fixture(scope="module")
def fast() -> Predictor:
    return Predictor()


def compare(plain: Predictor, fast: Predictor, clip: Path) -> tuple[Report, float]:
    """What the fast path says, and how far its probability is off, after checking the rest."""
    one, other = plain.detect(clip), fast.detect(clip)
    assert {one.verdict, other.verdict} != {"fake", "real"}
    assert other.frames == one.frames
    assert other.notes == one.notes
    assert [len(face.frames) for face in other.faces] == [len(face.frames) for face in one.faces]
    assert one.probability is not None
    assert other.probability is not None
    return other, abs(one.probability - other.probability)


def test_the_samples(plain, fast, samples):
    for name in ("real/astronaut.mp4", "forged/astronaut-faceswap.mp4"):
        assert compare(plain, fast, samples / name)[1] <= APART


def test_people_who_walk_through_a_wide_picture(plain, fast, tmp_path, astronaut, hopper):
    clip = files.write_video(tmp_path / "walk.mp4", walk(astronaut, hopper), rate=10)
    report, apart = compare(plain, fast, clip)
    assert len(report.faces) == 2
    assert apart <= APART


def walk(*portraits: Image) -> list[Image]:
    """40 frames of 720p: two people who move; the second comes late and leaves early."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(60, 190, (9, 16, 3), np.uint8), (1280, 720))
    shown = [cv2.resize(portrait, (300, 300)) for portrait in portraits]
    pictures = []
    for number in range(40):
        picture = ground.copy()
        for who, portrait in enumerate(shown):
            if who and not 11 <= number < 31:
                continue
            left = 120 + 6 * number if who == 0 else 1000 - 9 * number
            top = 200 + round(20 * np.sin(number / 4 + who))
            picture[top : top + 300, left : left + 300] = portrait
        grain = rng.integers(-6, 7, picture.shape)
        pictures.append(np.clip(picture + grain, 0, 255).astype(np.uint8))
    return pictures


def test_clips_of_real_cameras(plain, fast, shared_data):
    paths = [shared_data / "clips" / name for name in CLIPS]
    apart = [compare(plain, fast, path)[1] for path in paths if path.exists()]
    assert max(apart, default=0.0) <= APART
