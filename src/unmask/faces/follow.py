"""Faces of a frame between two in which the same people are: looked for where they must be.

A search costs as much as the picture is large, and people mostly stay where they are. So only
some of a clip's frames need be searched whole.
"""

from __future__ import annotations

import numpy as np

from unmask.faces.finder import FaceFinder, find_faces, has_room, suppress
from unmask.faces.tracks import link_tracks
from unmask.types import Box, Face, Image, Points

MARGIN = 1.0
"""Room left around a face, in longer sides of its box: a finder judges a face, and places its
landmarks, by what surrounds it. With less, the scores of some clips move by more than .01."""

WORTH = 0.5
"""Parts that together take more than this share of the picture are not worth it."""


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
        after: of one after it, both searched whole.
    """
    places = _places(before, after, image)
    if places:
        found = [face for place in places for face in finder.find(image, time, within=place)]
        if found:
            boxes = np.array([face.box for face in found])
            kept = suppress(boxes, np.array([face.confidence for face in found]))
            found = [found[index] for index in kept]
        if _all_same(before, found, after):
            return found
    return find_faces(finder, image, time)


def _places(before: list[Face], after: list[Face], image: Image) -> list[Box]:
    """Return the parts of the picture to search, none overlapping; none if it is not worth it."""
    if not (has_room(before, image) and has_room(after, image) and _all_same(before, after)):
        return []
    size = np.array(image.shape[1::-1], float)
    places: list[Points] = []
    for track in link_tracks([before, after]):
        boxes = np.array([face.box for face in track.faces])
        room = MARGIN * (boxes[:, 2:] - boxes[:, :2]).max()
        place = np.array([boxes[:, :2].min(0) - room, boxes[:, 2:].max(0) + room])
        place = np.clip(place, 0, size)
        while meets := [other for other in places if _overlap(place, other)]:
            places = [other for other in places if not _overlap(place, other)]
            corners = np.concatenate((place, *meets))
            place = np.array([corners.min(0), corners.max(0)])
        places.append(place)
    if sum(np.prod(place[1] - place[0]) for place in places) > WORTH * size.prod():
        return []
    return [(*place[0].tolist(), *place[1].tolist()) for place in places]


def _overlap(a: Points, b: Points) -> bool:
    return bool((np.minimum(a[1], b[1]) > np.maximum(a[0], b[0])).all())


def _all_same(*frames: list[Face]) -> bool:
    """Whether every frame shows the same people, at least one, each near where they were."""
    counts = {len(faces) for faces in frames}
    times = [faces[0].time for faces in frames if faces]
    if len(counts) != 1 or counts == {0} or times != sorted(set(times)):
        return False
    return all(len(track.faces) == len(frames) for track in link_tracks(frames))
