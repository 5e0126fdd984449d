"""Faces of a frame, given those of others of its clip: looked for where they must be.

A search costs as much as the picture is large. But people mostly stay where they are, and where
nothing has changed nobody has come: few frames need be searched whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from unmask.faces.finder import FaceFinder, find_faces, has_room, shrink, suppress
from unmask.faces.tracks import link_tracks
from unmask.types import Box, Face, Image

MARGIN = 1.0
"""Room left around a face, in longer sides of its box: a finder judges a face, and places its
landmarks, by what surrounds it. With less, the scores of some clips move by more than .01."""

WORTH = 0.75
"""Parts that together take more than this share of the picture are not worth it."""

SIDE = 320
"""Longer side of a backdrop, pixels."""

CELL = 8
"""Changes are told by squares of this many pixels of a backdrop."""

CHANGE = 10
"""A square has changed where any pixel of it has, by more than this, of 255. Noise is less."""


@dataclass(frozen=True)
class Backdrop:
    """What the pictures of a clip looked like wherever they were last searched.

    Attributes:
        shape: of the pictures.
        look: uint8 [h, w], the brightness, small.
    """

    shape: tuple[int, ...]
    look: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return that of a picture which is searched whole."""
        step = max(1, max(image.shape[:2]) // (2 * SIDE))
        few = np.ascontiguousarray(image[::step, ::step, 1])  # green is most of brightness
        return cls(image.shape, shrink(few, SIDE)[0])

    def changed(self, now: Backdrop) -> list[Box]:
        """Return the parts of the picture that look different now, with a little around them."""
        apart = cv2.absdiff(cv2.blur(self.look, (3, 3)), cv2.blur(now.look, (3, 3)))
        height, width = apart.shape
        apart = np.pad(apart, ((0, -height % CELL), (0, -width % CELL)))
        cells = apart.reshape(len(apart) // CELL, CELL, -1, CELL).max((1, 3)) > CHANGE
        cells = cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8))
        scale = CELL * self.shape[1] / width, CELL * self.shape[0] / height
        _, _, found, _ = cv2.connectedComponentsWithStats(cells)
        return [
            (x * scale[0], y * scale[1], (x + w) * scale[0], (y + h) * scale[1])
            for x, y, w, h, _ in found[1:].tolist()
        ]

    def updated(self, now: Backdrop, places: Iterable[Box]) -> Backdrop:
        """Return this one, but as it is now in ``places``."""
        look = self.look.copy()
        scale = look.shape[1] / self.shape[1]
        for x0, y0, x1, y1 in places:
            part = slice(int(y0 * scale), int(y1 * scale)), slice(int(x0 * scale), int(x1 * scale))
            look[part] = now.look[part]
        return Backdrop(self.shape, look)


def find_again(
    finder: FaceFinder, image: Image, time: float, before: list[Face], backdrop: Backdrop | None
) -> tuple[list[Face], Backdrop]:
    """Return the faces of a frame as `find_faces` does, and the backdrop for the next.

    Where the same people are as in an earlier frame, or nobody, and much of the picture looks as it
    did when it was last searched, only their places are searched and what has changed. If anyone is
    missing there, or anyone else turns up, the whole picture is.

    Args:
        finder: finds the faces.
        image: uint8 RGB [H, W, 3].
        time: of the frame, seconds.
        before: faces of the earlier frame, and
        backdrop: its, as it was returned for it; None where there is no earlier frame.
    """
    now = Backdrop.of(image)
    if backdrop and image.shape == backdrop.shape and (not before or has_room(before, image)):
        places = _apart([*(_around([face], image) for face in before), *backdrop.changed(now)])
        if _worth(places, image):
            found = _find_in(finder, image, time, places)
            if _all_same(before, found) or not (before or found):
                return found, backdrop.updated(now, places)
    return find_faces(finder, image, time), now


def find_between(
    finder: FaceFinder, image: Image, time: float, before: list[Face], after: list[Face]
) -> list[Face]:
    """Return the faces of a frame as `find_faces` does, given those of an earlier and a later one.

    Where the earlier and the later frame show the same people in much the same places, only those
    places are searched. If anyone is missing there, or anyone else turns up, or the two frames
    differ, the whole picture is. So what can be missed is a face that is in neither frame and
    outside the places of those who are in both.

    Args:
        finder: finds the faces.
        image: uint8 RGB [H, W, 3].
        time: of the frame, seconds.
        before: faces of a frame before it, and
        after: of one after it, both searched by `find_again`.
    """
    if has_room(before, image) and has_room(after, image) and _all_same(before, after):
        tracks = link_tracks([before, after])
        places = _apart([_around(track.faces, image) for track in tracks])
        if _worth(places, image):
            found = _find_in(finder, image, time, places)
            if _all_same(before, found, after):
                return found
    return find_faces(finder, image, time)


def _around(faces: Iterable[Face], image: Image) -> Box:
    """Return the place of a person."""
    boxes = np.array([face.box for face in faces])
    room = MARGIN * (boxes[:, 2:] - boxes[:, :2]).max()
    low = np.maximum(boxes[:, :2].min(0) - room, 0)
    high = np.minimum(boxes[:, 2:].max(0) + room, image.shape[1::-1])
    return (*low.tolist(), *high.tolist())


def _apart(places: Iterable[Box]) -> list[Box]:
    """Return places that cover these, none overlapping."""
    found: list[Box] = []
    for place in places:
        whole = place
        while meets := [other for other in found if _overlap(whole, other)]:
            found = [other for other in found if not _overlap(whole, other)]
            corners = np.array([whole, *meets])
            whole = (*corners[:, :2].min(0).tolist(), *corners[:, 2:].max(0).tolist())
        found.append(whole)
    return found


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _worth(places: Iterable[Box], image: Image) -> bool:
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in places)
    return area <= WORTH * image.shape[0] * image.shape[1]


def _find_in(finder: FaceFinder, image: Image, time: float, places: Iterable[Box]) -> list[Face]:
    """Return the faces in parts of a picture."""
    found = [face for place in places for face in finder.find(image, time, within=place)]
    if not found:
        return []
    boxes = np.array([face.box for face in found])
    return [found[n] for n in suppress(boxes, np.array([face.confidence for face in found]))]


def _all_same(*frames: list[Face]) -> bool:
    """Whether every frame shows the same people, at least one, each near where they were."""
    counts = {len(faces) for faces in frames}
    times = [faces[0].time for faces in frames if faces]
    if len(counts) != 1 or counts == {0} or times != sorted(set(times)):
        return False
    return all(len(track.faces) == len(frames) for track in link_tracks(frames))
