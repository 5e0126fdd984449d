"""The people of a report: each with frames, pictures and scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unmask.report.axis import Axis, clock, span
from unmask.report.charts import Chart, make_chart
from unmask.report.text import percent, percent_range, sentence, signed
from unmask.report.views import (
    Picture,
    Shot,
    Small,
    by_suspicion,
    evidence_of,
    make_shot,
    make_small,
    small_picture,
    suspicion,
)

if TYPE_CHECKING:
    from unmask.types import Evidence, FaceScore, FrameScore, Report

_PEOPLE_WITH_ALL_FRAMES = 6
_FRAMES_SHOWN = 64
_FRAMES_UNSCORED = 4


@dataclass(frozen=True)
class Person:
    """One person of the medium. ``seen`` are pictures of one who could not be scored."""

    name: str
    chance: str
    interval: str
    facts: str
    note: str
    chart: Chart | None
    shots: list[Shot]
    strip: list[Small]
    strip_title: str
    seen: list[Picture]


@dataclass(frozen=True)
class ScoreRow:
    """A face in a frame, as a line of the table of all scores."""

    person: str
    time: str
    chance: str
    score: str
    size: str
    sharpness: str
    confidence: str
    outside: str
    box: str


def make_people(report: Report, axis: Axis, scale: float) -> list[Person]:
    """Return the people of ``report``, the most suspicious first."""
    return [
        _make_person(face, report, axis, scale, strip=rank < _PEOPLE_WITH_ALL_FRAMES)
        for rank, face in enumerate(by_suspicion(report))
    ]


def make_scores(report: Report) -> tuple[list[ScoreRow], str]:
    """Return every scored face with its figures, and a line on those left out, or ""."""
    rows, left_out = [], 0
    for face in report.faces:
        rows += [_make_row(face, frame) for frame in face.frames[:_FRAMES_SHOWN]]
        left_out += max(0, len(face.frames) - _FRAMES_SHOWN)
    if not left_out:
        return rows, ""
    return rows, f"The first {_FRAMES_SHOWN} of each person; {left_out:,} more stand in the JSON."


def _make_row(face: FaceScore, frame: FrameScore) -> ScoreRow:
    return ScoreRow(
        person=str(face.track + 1),
        time=f"{frame.time:.2f}",
        chance=percent(frame.probability),
        score=signed(frame.score),
        size=f"{frame.size:.0f}",
        sharpness=f"{frame.sharpness:.0f}",
        confidence=f"{frame.confidence:.2f}",
        outside=percent(frame.border) if frame.border else "–",
        box=", ".join(f"{value:.0f}".replace("-", "\N{MINUS SIGN}") for value in frame.box),
    )


def _make_person(
    face: FaceScore, report: Report, axis: Axis, scale: float, *, strip: bool
) -> Person:
    pairs = evidence_of(face, report)
    small = pairs[:_FRAMES_SHOWN] if strip and len(pairs) > 2 else []
    every = len(small) == len(face.frames)
    return Person(
        name=f"Person {face.track + 1}",
        chance="" if face.probability is None else percent(face.probability),
        interval="" if face.interval is None else percent_range(face.interval),
        facts=face_facts(face, report),
        note=sentence(face.note),
        chart=make_chart(face, pairs, report, axis),
        shots=_make_shots(pairs, report, scale),
        strip=[make_small(*pair) for pair in small],
        strip_title="Every frame that was scored"
        if every
        else f"{len(small)} of the {len(face.frames)} frames that were scored",
        seen=[] if face.frames else _unscored(face, report),
    )


def _make_shots(
    pairs: list[tuple[FrameScore, Evidence]], report: Report, scale: float
) -> list[Shot]:
    """Return the frames shown large: the one that was scored, or the two ends of several."""
    if not pairs:
        return []
    if len(pairs) == 1:
        shot = make_shot("The face that was scored", *pairs[0], scale=scale, media=report.media)
        # The whole picture of a still with one person stands beside the verdict already.
        told = report.kind == "image" and len(report.faces) == 1 and shot.whole_heat is None
        return [replace(shot, whole=None) if told else shot]
    ends = (
        ("Most suspicious", max(pairs, key=suspicion)),
        ("Least suspicious", min(pairs, key=suspicion)),
    )
    return [
        make_shot(
            f"{name}: {percent(pair[0].probability)} at {clock(pair[0].time)}",
            *pair,
            scale=scale,
            media=report.media,
        )
        for name, pair in ends
    ]


def _unscored(face: FaceScore, report: Report) -> list[Picture]:
    kept = [item for item in report.evidence if item.track == face.track]
    return [small_picture(item.crop) for item in kept[:_FRAMES_UNSCORED]]


def face_facts(face: FaceScore, report: Report) -> str:
    """Return how large, how sharp and how long ``face`` was seen."""
    if not face.frames:
        return "not scored"
    least, most = span(frame.size for frame in face.frames)
    size = f"{least:.0f}" if round(least) == round(most) else f"{least:.0f}–{most:.0f}"
    blurred, sharp = span(frame.sharpness for frame in face.frames)
    sharpness = f"{blurred:.0f}" if round(blurred) == round(sharp) else f"{blurred:.0f}–{sharp:.0f}"
    text = f"face {size} px, sharpness {sharpness}"
    if report.kind != "video":
        return text
    first, last = face.frames[0].time, face.frames[-1].time
    count = f"{len(face.frames)} frame{'s' if len(face.frames) != 1 else ''}"
    return f"{text}, seen in {count} from {clock(first)} to {clock(last)}"
