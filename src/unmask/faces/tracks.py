"""Faces of sampled frames joined into one track a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unmask.types import Face, Track

MAX_SHIFT = 1.0
"""A person's face moves by at most this many face sizes from one sampled frame to the next."""

MAX_GROWTH = 1.8
"""... and its size changes by at most this factor."""

MAX_GAP = 3
"""A track that found no face in more than this many frames in a row is closed."""


def link_tracks(frames: Sequence[Sequence[Face]]) -> list[Track]:
    """Join the faces of consecutive sampled frames into tracks.

    Args:
        frames: the faces found in each sampled frame, in order of time.

    In every frame, the nearest pairs of an open track and a face are joined first; distance is
    that of the box centres in units of the larger face. Tracks are numbered by their share of the
    frames, the longest first, ties by size of face.
    """
    closed: list[list[Face]] = []
    open_tracks: list[tuple[int, list[Face]]] = []
    for number, faces in enumerate(frames):
        closed += [track for last, track in open_tracks if number - last > MAX_GAP + 1]
        open_tracks = [item for item in open_tracks if number - item[0] <= MAX_GAP + 1]
        pairs = sorted(
            (distance, t, f)
            for t, (_, track) in enumerate(open_tracks)
            for f, face in enumerate(faces)
            if (distance := _distance(track[-1], face)) <= MAX_SHIFT
        )
        free_tracks = set(range(len(open_tracks)))
        free_faces = set(range(len(faces)))
        for _, t, f in pairs:
            if t in free_tracks and f in free_faces:
                free_tracks.remove(t)
                free_faces.remove(f)
                open_tracks[t][1].append(faces[f])
                open_tracks[t] = (number, open_tracks[t][1])
        open_tracks += [(number, [faces[f]]) for f in sorted(free_faces)]
    closed += [track for _, track in open_tracks]
    closed.sort(key=lambda track: (-len(track), -float(np.mean([face.size for face in track]))))
    return [Track(number, tuple(track)) for number, track in enumerate(closed)]


def _distance(a: Face, b: Face) -> float:
    """Return the distance of two faces in sizes of the larger, infinite if sizes disagree."""
    big, small = max(a.size, b.size), min(a.size, b.size)
    if big > MAX_GROWTH * small:
        return float("inf")
    centre_a = np.add(a.box[:2], a.box[2:]) / 2
    centre_b = np.add(b.box[:2], b.box[2:]) / 2
    return float(np.linalg.norm(centre_a - centre_b)) / big
