"""From an open medium to the faces that can be scored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from unmask.detect.quality import Quality
from unmask.detect.settings import Settings
from unmask.faces import CropSpec, FaceFinder, crop_face, find_between, find_faces, sharpness
from unmask.types import Crop, Face, Frame, Image, PassedOver

MAX_BORDER = 0.3
"""A crop of which more than this share lies outside the picture is not scored."""

THUMBNAIL = 640
"""Longest side of a kept frame, pixels; half of it where more than `MANY` frames are kept."""

MANY = 64

HELD = 32_000_000
"""A larger picture, in bytes, is searched whole at once rather than held; one of 4K is smaller."""


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
    workers: int,
) -> Iterator[SeenFrame]:
    """Yield what is found in each frame, in order; at most a few frames are held at a time.

    Where ``settings.follow``, every ``min_frames``-th frame and the last are searched whole, and
    the others by `find_between`. Whoever is in ``min_frames`` frames in a row, as many as it takes
    to be scored, is in one that is searched whole, and so is missed in none.
    """
    waiting: deque[Future[_Look]] = deque()
    for look_at in _started(frames, _Eye(finder, spec, settings), pool):
        waiting.append(look_at)
        if len(waiting) > workers + 1:
            yield waiting.popleft().result().seen
    while waiting:
        yield waiting.popleft().result().seen


@dataclass(frozen=True)
class _Look:
    """All faces of a frame, and what is made of them."""

    faces: list[Face]
    seen: SeenFrame


@dataclass(frozen=True)
class _Eye:
    """What every frame is looked at with."""

    finder: FaceFinder
    spec: CropSpec
    settings: Settings

    def whole(self, frame: Frame) -> _Look:
        """Look at a frame by itself."""
        return self._look(frame, find_faces(self.finder, frame.image, frame.time))

    def between(self, frame: Frame, before: Future[_Look], after: Future[_Look]) -> _Look:
        """Look at a frame between two others."""
        around = before.result().faces, after.result().faces
        return self._look(frame, find_between(self.finder, frame.image, frame.time, *around))

    def _look(self, frame: Frame, found: list[Face]) -> _Look:
        settings = self.settings
        large = [face for face in found if face.size >= settings.min_face]
        large.sort(key=lambda face: -face.size)
        seen, passed = (
            [],
            [PassedOver(face.box, "small") for face in found if face.size < settings.min_face],
        )
        for face in large[: settings.max_faces]:
            crop = crop_face(frame.image, face.landmarks, self.spec)
            if crop.border <= MAX_BORDER:
                seen.append(SeenFace(face, crop, sharpness(crop.image)))
            else:
                passed.append(PassedOver(face.box, "cut"))
        passed += [PassedOver(face.box, "crowd") for face in large[settings.max_faces :]]
        frame_seen = SeenFrame(
            time=frame.time,
            faces=tuple(seen),
            small=len(found) - len(large),
            cut=min(len(large), settings.max_faces) - len(seen),
            crowd=max(0, len(large) - settings.max_faces),
            thumbnail=_thumbnail(frame.image, settings.frames) if settings.evidence else None,
            passed=tuple(passed),
        )
        return _Look(found, frame_seen)


def _started(frames: Iterable[Frame], eye: _Eye, pool: Executor) -> Iterator[Future[_Look]]:
    """Start to look at each frame; yield that in order."""

    def start(group: _Group | None) -> Iterator[Future[_Look]]:
        if group:
            while group.between:
                yield pool.submit(eye.between, group.between.pop(0), group.before, group.after)
            yield group.after

    most = eye.settings.min_frames - 1 if eye.settings.follow else 0
    held: list[Frame] = []
    before: Future[_Look] | None = None
    ready: _Group | None = None
    for frame in frames:
        # Only now: by this time the search that these wait for is well under way.
        yield from start(ready)
        ready = None
        held.append(frame)
        if before is None or len(held) > most or frame.image.nbytes > HELD:
            after = pool.submit(eye.whole, frame)
            ready = _Group(held[:-1], before or after, after)
            before, held = after, []
    yield from start(ready)
    if held and before:
        after = pool.submit(eye.whole, held[-1])
        yield from start(_Group(held[:-1], before, after))


class _Group(NamedTuple):
    """Frames between two that are searched whole."""

    between: list[Frame]
    before: Future[_Look]
    after: Future[_Look]


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
