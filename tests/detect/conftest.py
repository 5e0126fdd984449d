"""A predictor with a tiny bundle, and real media to run it on."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

import media_files as files
from bundles import tiny_bundle
from unmask.detect import Predictor, Settings
from unmask.types import Image

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def astronaut() -> Image:
    return load("astronaut.jpg")


@pytest.fixture(scope="session")
def hopper() -> Image:
    return load("hopper.jpg")[:512]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def predictor(bundle) -> Predictor:
    return Predictor(bundle, Settings(frames=5, evidence=True, threads=2))


@pytest.fixture
def clip(tmp_path):
    """Write a clip of the given pictures, 5 frames a second."""

    def write(*pictures: Image, name: str = "clip.mp4") -> Path:
        return files.write_video(tmp_path / name, pictures, rate=5)

    return write


def load(name: str) -> Image:
    return cv2.cvtColor(cv2.imread(str(SAMPLES / "real" / name)), cv2.COLOR_BGR2RGB)
