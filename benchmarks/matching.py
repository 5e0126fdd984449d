"""Which of the faces that were found are the same."""

from __future__ import annotations

from collections.abc import Iterable

from clips import Scene
from faces import overlap
from today import Found
from unmask.types import Box

OVERLAP = 0.4
"""Least intersection over union of two boxes of one face."""

SAME = 1e-3
"""Relative difference up to which two sizes are of one face."""

CLOSE = 0.01
"""Seconds by which two decoders may tell the time of a frame differently."""


def joined(kept: Iterable[tuple[float, float]], found: list[Found]) -> list[Found]:
    """Return where the faces of a face set lie, by the time and the size of each.

    A face that has no like among the found ones is left out: it counts as not found.
    """
    left = list(found)
    faces = []
    for at, size in kept:
        for face in left:
            if abs(face.time - at) < SAME and abs(shorter(face.box) / size - 1) < SAME:
                faces.append(face)
                left.remove(face)
                break
    return faces


def shorter(box: Box) -> float:
    """Return the shorter side of a box."""
    return min(box[2] - box[0], box[3] - box[1])


def boxes_at(faces: Iterable[Found], at: float) -> list[Box]:
    """Return the boxes at a time in seconds."""
    return [face.box for face in faces if abs(face.time - at) < CLOSE]


def agreed(faces: list[Found], others: list[Found]) -> int:
    """Return how many of the faces of a clip are among the others."""
    times = {face.time for face in faces}
    return sum(matches(boxes_at(faces, at), boxes_at(others, at)) for at in times)


def matches(boxes: Iterable[Box], others: list[Box]) -> int:
    """Return how many of the boxes lie on one of the others, each other counted once."""
    left, count = list(others), 0
    for box in boxes:
        best = max(left, key=lambda other: overlap(box, other), default=None)
        if best is not None and overlap(box, best) >= OVERLAP:
            left.remove(best)
            count += 1
    return count


def known(faces: list[Found], scene: Scene) -> int:
    """Return how many of the known faces of a clip were found."""
    times = {face.time for face in faces}
    return sum(matches(boxes_at(faces, at), scene.at(at)) for at in times)


def recall(hits: int, count: int) -> str:
    """Return a share with its interval."""
    from unmask.evaluation.published import exact_share

    if not count:
        return "of none"
    share = exact_share("recall", hits, count)
    low, high = share.interval or (0, 1)
    return f"{share.value:.3f} ({low:.3f} to {high:.3f})"
