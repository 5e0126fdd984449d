"""From an open medium to the faces that can be scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from unmask.detect.quality import Quality
from unmask.detect.settings import Settings
from unmask.faces import CropSpec, FaceFinder, crop_face, search_clip, sharpness
from unmask.types import Crop, Face, Frame, Image, PassedOver

MAX_BORDER = 0.3
"""A crop of which more than this share lies outside the picture is not scored."""

THUMBNAIL = 640
"""Longest side of a kept frame, pixels; half of it where more than `MANY` frames are kept."""

MANY = 64


@dataclass(frozen=True)
class SeenFace:
    """A face with its crop and the sharpness of the crop."""

    face: Face
    crop: Crop
    sharpness: float


@dataclass(frozen=True)
class SeenFrame:
    """What was found in one sampled frame. ``small`` counts faces below the least size,
    ``cut`` those too far outside the picture, ``crowd`` those beyond the most per frame."""

    time: float
    faces: tuple[SeenFace, ...]
    small: int
    cut: int
    crowd: int
    thumbnail: Image | None
    passed: tuple[PassedOver, ...] = ()


def look(
    frames: Iterable[Frame],
    finder: FaceFinder,
    spec: CropSpec,
    settings: Settings,
    pool: Executor,
    *,
    ahead: int = 0,
) -> Iterator[SeenFrame]:
    """Yield what is found in each frame, in order; see `search_clip` for what is searched.

    Whoever is in ``settings.min_frames`` frames in a row, as many as it takes to be scored, is
    missed in none of them.
    """
    make = partial(_look, spec=spec, settings=settings)
    every = settings.min_frames if settings.follow else 0
    return search_clip(frames, finder, make, pool, every=every, ahead=ahead)


def _look(frame: Frame, found: list[Face], spec: CropSpec, settings: Settings) -> SeenFrame:
    """Cut what can be scored, and note what cannot."""
    large = [face for face in found if face.size >= settings.min_face]
    large.sort(key=lambda face: -face.size)
    seen, passed = (
        [],
        [PassedOver(face.box, "small") for face in found if face.size < settings.min_face],
    )
    for face in large[: settings.max_faces]:
        crop = crop_face(frame.image, face.landmarks, spec)
        if crop.border <= MAX_BORDER:
            seen.append(SeenFace(face, crop, sharpness(crop.image)))
        else:
            passed.append(PassedOver(face.box, "cut"))
    passed += [PassedOver(face.box, "crowd") for face in large[settings.max_faces :]]
    return SeenFrame(
        time=frame.time,
        faces=tuple(seen),
        small=len(found) - len(large),
        cut=min(len(large), settings.max_faces) - len(seen),
        crowd=max(0, len(large) - settings.max_faces),
        thumbnail=_thumbnail(frame.image, settings.frames) if settings.evidence else None,
        passed=tuple(passed),
    )


def weigh(quality: Quality, faces: Iterable[SeenFace]) -> list[float]:
    """Return how much each face can tell, above 0 and at most 1."""
    return [quality.weigh(seen.face.size, seen.sharpness, seen.face.landmarks) for seen in faces]


def evenly(count: int, wanted: int) -> list[int]:
    """Return at most ``wanted`` of the numbers below ``count``, evenly spread, in order.

    >>> evenly(9, 3), evenly(2, 3)
    ([0, 4, 8], [0, 1])
    """
    if count <= wanted:
        return list(range(count))
    chosen: list[int] = np.linspace(0, count - 1, wanted).round().astype(int).tolist()
    return chosen


def _thumbnail(image: Image, frames: int) -> Image:
    """Return the frame, small; smaller where there may be many of them, to bound the memory."""
    side = THUMBNAIL if frames <= MANY else THUMBNAIL // 2
    scale = min(1.0, side / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
