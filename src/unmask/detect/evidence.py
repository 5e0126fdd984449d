"""What a report shows and JSON does not carry: crops, heat maps and small frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unmask.detect.bundle import Cams
from unmask.detect.look import SeenFace, SeenFrame
from unmask.types import Evidence, Glimpse


@dataclass(frozen=True)
class Person:
    """One track with its faces, logits [N] (none where there are too few faces) and
    class-activation maps [N, h, w]."""

    faces: list[SeenFace]
    logits: list[float]
    cams: Cams | None


def gather_evidence(people: Sequence[Person], seen: Sequence[SeenFrame]) -> tuple[Evidence, ...]:
    """Return the pictures of every face of ``people``, person by person, in order of time."""
    thumbnails = {frame.time: frame.thumbnail for frame in seen}
    return tuple(
        Evidence(
            track=number,
            time=each.face.time,
            crop=each.crop.image,
            cam=None if person.cams is None else person.cams[place],
            thumbnail=thumbnails[each.face.time],
            transform=each.crop.transform,
        )
        for number, person in enumerate(people)
        for place, each in enumerate(person.faces)
    )


def gather_glimpses(seen: Sequence[SeenFrame]) -> tuple[Glimpse, ...]:
    """Return the sampled frames whose small pictures were kept, in order of time."""
    return tuple(_glimpses(seen))


def _glimpses(seen: Sequence[SeenFrame]) -> Iterator[Glimpse]:
    for frame in seen:
        if frame.thumbnail is not None:
            yield Glimpse(frame.time, frame.thumbnail, frame.passed)
