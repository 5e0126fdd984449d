"""The gauge of a verdict and the timeline of a person, as numbers that the templates place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unmask.report.axis import Axis, bands, clock, runs, time_ticks
from unmask.report.text import percent, percent_range
from unmask.report.views import Picture, small_picture

if TYPE_CHECKING:
    from unmask.types import Evidence, FaceScore, FrameScore, Report

WIDTH: Final = 1000
HEIGHT: Final = 240
"""Size of a timeline in its own units; it is scaled as a whole, so that a dot stays a dot."""

_SLOTS = 10  # frames shown below a timeline, each in its tenth of the time


@dataclass(frozen=True)
class Band:
    """A stretch of the gauge: ``left`` and ``width`` in per cent."""

    name: str
    tone: str
    left: float
    width: float


@dataclass(frozen=True)
class Gauge:
    """The medium's probability with its interval on the bands; places in per cent."""

    label: str
    point: float
    low: float
    high: float
    bands: list[Band]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Point:
    """A frame on the timeline. ``shown`` says that its picture stands below."""

    x: float
    y: float
    title: str
    shown: bool


@dataclass(frozen=True)
class Slot:
    """A tenth of the time: the frame that stands for it, or nothing where there is none."""

    picture: Picture | None
    time: str = ""
    chance: str = ""


@dataclass(frozen=True)
class Chart:
    """A person's probability over time, y from the top, in units of `WIDTH` and `HEIGHT`.

    ``levels`` and ``times`` label the axes, their places in per cent; the edges of the bands are
    heights.
    """

    label: str
    levels: list[tuple[float, str]]
    times: list[tuple[float, str]]
    fake_edge: float | None
    real_edge: float | None
    lines: list[str]
    points: list[Point]
    slots: list[Slot]


def make_gauge(report: Report, axis: Axis) -> Gauge | None:
    """Return the gauge of ``report``, or None for an abstention."""
    if report.probability is None or report.interval is None:
        return None
    real, fake = bands(report)
    real_end = 0.0 if real is None else 100 * axis.at(real)
    fake_start = 100.0 if fake is None else 100 * axis.at(fake)
    found = [
        Band("no sign found" if real_end > 28 else "no sign", "real", 0, real_end),
        Band("uncertain", "uncertain", real_end, max(fake_start - real_end, 0)),
        Band("fake", "fake", fake_start, 100 - fake_start),
    ]
    low, high = (100 * axis.of(end) for end in report.interval)
    return Gauge(
        label=f"probability of fake {percent(report.probability)}, "
        f"95 % interval {percent_range(report.interval)}",
        point=100 * axis.of(report.probability),
        low=low,
        high=high,
        bands=[band for band in found if band.width > 0],
        ticks=[(100 * place, label) for place, label in axis.ticks()],
    )


def make_chart(
    face: FaceScore, pairs: list[tuple[FrameScore, Evidence]], report: Report, axis: Axis
) -> Chart | None:
    """Return the timeline of ``face``, or None where there is no time to draw.

    Args:
        face: the person.
        pairs: the person's frames whose pictures were kept, with them.
        report: what the person is part of.
        axis: of probability.
    """
    if report.kind != "video" or len(face.frames) < 2:
        return None
    known = report.media.duration if report.media else None
    duration = max(known or 0.0, face.frames[-1].time)
    real, fake = bands(report)
    chosen = _choose(pairs, duration)
    shown = {frame.time for frame, _ in filter(None, chosen)}
    points = [
        Point(
            x=round(WIDTH * frame.time / duration, 1) if duration else 0.0,
            y=_height(axis.of(frame.probability)),
            title=f"{clock(frame.time)}: {percent(frame.probability)}",
            shown=frame.time in shown,
        )
        for frame in face.frames
    ]
    return Chart(
        label=f"probability of fake in {len(points)} frames over {clock(duration)}",
        levels=[(round(100 * place, 2), label) for place, label in axis.ticks()],
        times=[(round(100 * place, 2), label) for place, label in time_ticks(duration)],
        fake_edge=None if fake is None else _height(axis.at(fake)),
        real_edge=None if real is None else _height(axis.at(real)),
        lines=[
            "M" + "L".join(f"{points[index].x} {points[index].y}" for index in run)
            for run in runs(face)
            if len(run) > 1
        ],
        points=points,
        slots=[_make_slot(pair) for pair in chosen],
    )


def _height(place: float) -> float:
    return round(HEIGHT * (1 - place), 1)


def _choose(
    pairs: list[tuple[FrameScore, Evidence]], duration: float
) -> list[tuple[FrameScore, Evidence] | None]:
    """Return for each tenth of the time the frame nearest its middle, None where there is none.

    So each picture stands below its place on the timeline.
    """
    if not pairs or not duration:
        return []
    slots: list[list[tuple[FrameScore, Evidence]]] = [[] for _ in range(_SLOTS)]
    for pair in pairs:
        slots[min(int(_SLOTS * pair[0].time / duration), _SLOTS - 1)].append(pair)
    middles = [(index + 0.5) * duration / _SLOTS for index in range(_SLOTS)]
    return [
        min(inside, key=lambda pair: abs(pair[0].time - middle), default=None)
        for inside, middle in zip(slots, middles, strict=True)
    ]


def _make_slot(pair: tuple[FrameScore, Evidence] | None) -> Slot:
    if pair is None:
        return Slot(None)
    frame, evidence = pair
    return Slot(small_picture(evidence.crop), clock(frame.time), percent(frame.probability))
