"""Pictures of the evidence as files, which the page fetches one by one."""

from __future__ import annotations

from pathlib import Path

import cv2

from unmask.report.pictures import heat_scale, overlay
from unmask.report.views import by_suspicion
from unmask.types import Evidence, Image, Report

PICTURES = "pictures"
"""The folder of them, in that of a job."""

NAME = r"^(lead|(face|heat)-[0-9]{1,6}-[0-9]{1,6}|frame-[0-9]{1,6})\.jpg$"
"""What a picture may be called."""

LEAD = "lead.jpg"
"""The face of the highest score, which stands for the file in a list."""

_MOST = 400  # faces; what is left out are those of the people of the lowest scores
_QUALITY = 85


def face_name(track: int, number: int) -> str:
    """Return the name of the crop of a person's frame ``number``, counted from 0."""
    return f"face-{track}-{number}.jpg"


def heat_name(track: int, number: int) -> str:
    """Return the name of the same crop under its heat map."""
    return f"heat-{track}-{number}.jpg"


def frame_name(number: int) -> str:
    """Return the name of a whole frame, small; ``number`` is its place in `times`."""
    return f"frame-{number}.jpg"


def times(report: Report) -> list[float]:
    """Return the times at which a face was scored, each once, in order."""
    return sorted({frame.time for face in report.faces for frame in face.frames})


def write_pictures(folder: Path, report: Report) -> None:
    """Write the pictures that ``report`` carries into ``folder``, most suspicious people first."""
    folder.mkdir()
    kept = {(item.track, item.time): item for item in report.evidence}
    scale = heat_scale(report.evidence)
    numbers = {time: number for number, time in enumerate(times(report))}
    shown = [
        (face.track, number, frame.probability, kept[face.track, frame.time])
        for face in by_suspicion(report)
        for number, frame in enumerate(face.frames)
        if (face.track, frame.time) in kept
    ][:_MOST]
    whole: dict[int, Image] = {}
    for track, number, _, item in shown:
        _write(folder / face_name(track, number), item.crop)
        if item.cam is not None:
            _write(folder / heat_name(track, number), overlay(item.crop, item.cam, scale))
        if item.thumbnail is not None:
            whole[numbers[item.time]] = item.thumbnail
    for number, image in whole.items():
        _write(folder / frame_name(number), image)
    if shown:
        _write(folder / LEAD, _lead(shown).crop)


def _lead(shown: list[tuple[int, int, float, Evidence]]) -> Evidence:
    """Return the highest frame of the most suspicious person."""
    first = shown[0][0]
    return max((each for each in shown if each[0] == first), key=lambda each: each[2])[3]


def _write(path: Path, image: Image) -> None:
    done, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not done:
        raise RuntimeError(f"OpenCV could not encode a picture of shape {image.shape}")
    path.write_bytes(encoded.tobytes())
