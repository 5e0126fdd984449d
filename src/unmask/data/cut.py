"""The faces of one medium, as rows of a face set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from unmask.data.faceset import decode_face
from unmask.data.unpack import frames_of
from unmask.errors import MediaError, UnreadableError
from unmask.faces import (
    FINDERS,
    AtOnce,
    FaceFinder,
    find_faces,
    link_tracks,
    search_clip,
    sharpness,
)
from unmask.media import MediaReader, open_media
from unmask.types import Face, Frame, Image

MAX_SIDE: Final = 384
"""Neighbourhoods are averaged down to this many pixels a side at most."""

NEIGHBOURHOOD: Final = 2.0
"""Side of a neighbourhood in sizes of the face's longer box side."""

MAX_FACES: Final = 20
"""Faces kept of a frame, the largest first; as many as are scored in it."""

NO_FACE: Final = "no face found"

Rows = list[dict[str, Any]]


class Seen(NamedTuple):
    """A face in the pixels of its encoded picture; ``size`` is that in the medium."""

    face: Face
    size: float
    sharpness: float
    image: bytes

    def row(self, slot: int, time: float, track: int = 0) -> dict[str, Any]:
        """Return the columns that a face set adds to those of the manifest."""
        return {
            "slot": slot,
            "track": track,
            "time": time,
            "box": list(self.face.box),
            "landmarks": self.face.landmarks.ravel().tolist(),
            "confidence": self.face.confidence,
            "size": self.size,
            "sharpness": self.sharpness,
            "image": self.image,
        }


def faces_of(
    medium: Path, picks: Sequence[int | None] | None, *, frames: int, min_frames: int
) -> tuple[Rows, Counter[str]]:
    """Return the faces of a medium, and why there is none in how many of its frames.

    Args:
        medium: a still, of which the largest face is taken; a folder of frames, of which each
            frame's first picture is treated as a still; or a clip, whose people are followed.
        picks: numbers of the frames taken of a folder, None for a gap; None for all frames.
        frames: frames sampled of a clip, evenly by time.
        min_frames: sampled frames in which a person of a clip must be seen to be kept.

    Raises:
        MediaError: it cannot be read, or there is no face in it.
    """
    if medium.is_dir():
        rows, gaps = _faces_of_folder(medium, picks)
    else:
        with open_media(medium, frames=frames, threads=1) as reader:
            if reader.media.kind == "image":
                seen = _largest(reader, medium)
                rows, gaps = [seen.row(0, 0.0)] if seen else [], Counter()
            else:
                rows, gaps = _faces_of_clip(reader, min_frames)
    if not rows:
        reasons = [reason for reason, _ in gaps.most_common()]
        raise UnreadableError(medium, "; ".join(reasons) or NO_FACE)
    return rows, gaps


@cache
def _finder() -> FaceFinder:
    return FINDERS["centerface"](threads=1)


def _faces_of_folder(folder: Path, picks: Sequence[int | None] | None) -> tuple[Rows, Counter[str]]:
    pictures = frames_of(folder)
    rows: Rows = []
    gaps: Counter[str] = Counter()
    for slot, frame in enumerate(pictures if picks is None else picks):
        if frame is None:
            continue
        if frame not in pictures:
            gaps["a frame that was picked is not there"] += 1
            continue
        try:
            with open_media(pictures[frame][0], frames=1) as reader:
                seen = _largest(reader, pictures[frame][0])
        except MediaError as error:
            gaps[error.message] += 1
            continue
        if seen:
            rows.append(seen.row(slot, float(frame)))
        else:
            gaps[NO_FACE] += 1
    return rows, gaps


def _largest(reader: MediaReader, still: Path) -> Seen | None:
    """Return the largest face of a still; a small still is kept as the very bytes of its file."""
    frame = next(iter(reader))
    face = max(find_faces(_finder(), frame.image), key=lambda face: face.size, default=None)
    if face is None:
        return None
    if max(frame.image.shape[:2]) <= MAX_SIDE and reader.media.container in ("jpeg", "png"):
        data = still.read_bytes()
        if np.array_equal(decode_face(data), frame.image):
            return Seen(face, face.size, sharpness(frame.image), data)
    return _seen(frame.image, face)


def _faces_of_clip(reader: MediaReader, min_frames: int) -> tuple[Rows, Counter[str]]:
    """Return the faces of all people seen often enough, the one seen most often first."""
    seen: dict[int, tuple[int, Seen]] = {}
    found = []
    frames = search_clip(reader, _finder(), _seen_in, AtOnce(), every=min_frames)
    for slot, faces in enumerate(frames):
        found.append([face for face, _ in faces])
        seen |= {id(face): (slot, each) for face, each in faces}
    tracks = link_tracks(found)
    rows = []
    for track in tracks:
        if len(track.faces) >= min_frames:
            for face in track.faces:
                slot, each = seen[id(face)]
                rows.append(each.row(slot, face.time, track.id))
    gaps: Counter[str] = Counter()
    if tracks and not rows:
        gaps[f"nobody is seen in {min_frames} of the sampled frames"] = len(found)
    for note in reader.notes:
        gaps[note.partition(":")[0]] = reader.expected - reader.decoded
    return rows, gaps


def _seen_in(frame: Frame, found: list[Face]) -> list[tuple[Face, Seen]]:
    """Return the faces kept of a frame, the largest first."""
    largest = sorted(found, key=lambda face: -face.size)[:MAX_FACES]
    return [(face, _seen(frame.image, face)) for face in largest]


def _seen(image: Image, face: Face) -> Seen:
    """Return the square around a face, at most `MAX_SIDE` a side, and the face in its pixels."""
    x0, y0, x1, y1 = face.box
    centre = np.array([x0 + x1, y0 + y1]) / 2
    half = NEIGHBOURHOOD * max(x1 - x0, y1 - y0) / 2
    low = np.maximum(np.floor(centre - half), 0).astype(int)
    high = np.minimum(np.ceil(centre + half), image.shape[1::-1]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, MAX_SIDE / max(part.shape[:2]))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = ((np.reshape(face.box, (2, 2)) - low) * scale).ravel().tolist()
    moved = Face(face.time, tuple(box), (face.landmarks - low) * scale, face.confidence)
    return Seen(moved, face.size, sharpness(part), _encode(part))


def _encode(picture: Image) -> bytes:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    return cv2.imencode(".jpg", bgr, quality)[1].tobytes()
