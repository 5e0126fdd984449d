"""Portraits and the embedded finder."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from unmask.faces import FINDERS, FaceFinder
from unmask.types import Image

SAMPLES = Path(__file__).parents[2] / "samples" / "real"


def load(name: str) -> Image:
    return cv2.cvtColor(cv2.imread(str(SAMPLES / name)), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="session")
def astronaut() -> Image:
    return load("astronaut.jpg")


@pytest.fixture(scope="session")
def hopper() -> Image:
    return load("hopper.jpg")


@pytest.fixture(scope="session")
def centerface() -> FaceFinder:
    return FINDERS["centerface"](threads=2)
