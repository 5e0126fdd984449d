"""What the templates print: plain values, worked out and worded beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unmask.report.axis import Axis, bands, clock, log_odds, runs, span, time_ticks
from unmask.report.pictures import data_uri, fit, overlay
from unmask.report.text import percent, percent_range

if TYPE_CHECKING:
    from unmask.types import Evidence, FaceScore, FrameScore, Image, Media, Report

_WHOLE_SIDE = 640
_SMALL_SIDE = 128
_NO_BORDER = 0.005


@dataclass(frozen=True)
class Picture:
    """An image in the page; ``box`` is left, top, width and height in per cent of it."""

    source: str
    width: int
    height: int
    box: tuple[float, float, float, float] | None = None

    @classmethod
    def of(
        cls, image: Image, box: tuple[float, float, float, float] | None = None, quality: int = 88
    ) -> Picture:
        """Return ``image`` as a picture."""
        return cls(data_uri(image, quality), image.shape[1], image.shape[0], box)


@dataclass(frozen=True)
class Shot:
    """One scored face in one frame."""

    title: str
    time: str
    chance: str
    caption: str
    crop: Picture
    heat: Picture | None = None
    whole: Picture | None = None


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
    """A frame on the timeline, in thousandths of its width and height."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Chart:
    """A person's probability over time. ``levels`` and ``times`` label the axes; the edges of
    the bands and the points are thousandths, y from the top."""

    label: str
    levels: list[tuple[float, str]]
    times: list[tuple[float, str]]
    fake_edge: float | None
    real_edge: float | None
    lines: list[str]
    points: list[Point]


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


def make_chart(face: FaceScore, report: Report, axis: Axis) -> Chart | None:
    """Return the timeline of ``face``, or None where there is no time to draw."""
    if report.kind != "video" or len(face.frames) < 2:
        return None
    known = report.media.duration if report.media else None
    duration = max(known or 0.0, face.frames[-1].time)
    real, fake = bands(report)
    points = [
        Point(
            x=round(1000 * frame.time / duration, 1) if duration else 0.0,
            y=round(1000 * (1 - axis.of(frame.probability)), 1),
            title=f"{clock(frame.time)}: {percent(frame.probability)}",
        )
        for frame in face.frames
    ]
    return Chart(
        label=f"probability of fake in {len(points)} frames over {clock(duration)}",
        levels=[(round(1000 * place, 1), label) for place, label in axis.ticks()],
        times=[(round(100 * place, 2), label) for place, label in time_ticks(duration)],
        fake_edge=None if fake is None else round(1000 * (1 - axis.at(fake)), 1),
        real_edge=None if real is None else round(1000 * (1 - axis.at(real)), 1),
        lines=[
            "M" + "L".join(f"{points[index].x} {points[index].y}" for index in run)
            for run in runs(face)
            if len(run) > 1
        ],
        points=points,
    )


def make_shot(
    title: str,
    frame: FrameScore,
    evidence: Evidence,
    *,
    scale: float,
    media: Media | None,
) -> Shot:
    """Return ``frame`` large: the crop, its heat map and the whole frame."""
    heat = None
    if evidence.cam is not None:
        heat = Picture.of(overlay(evidence.crop, evidence.cam, scale))
    return Shot(
        title=title,
        time=clock(frame.time),
        chance=percent(frame.probability),
        caption=_caption(frame),
        crop=Picture.of(evidence.crop),
        heat=heat,
        whole=make_whole(frame, evidence, media),
    )


def _caption(frame: FrameScore) -> str:
    text = (
        f"Face {frame.size:.0f} px, sharpness {frame.sharpness:.0f}, found with confidence "
        f"{frame.confidence:.2f}"
    )
    if frame.border < _NO_BORDER:
        return text
    return f"{text}; {percent(frame.border)} of the crop lies outside the picture"


def make_whole(frame: FrameScore, evidence: Evidence, media: Media | None) -> Picture | None:
    """Return the whole frame with the face's box, if its thumbnail was kept."""
    if evidence.thumbnail is None:
        return None
    box = None
    if media is not None:
        x0, y0, x1, y1 = frame.box
        left, right = (min(max(x / media.width, 0), 1) * 100 for x in (x0, x1))
        top, bottom = (min(max(y / media.height, 0), 1) * 100 for y in (y0, y1))
        box = (round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2))
    return Picture.of(fit(evidence.thumbnail, _WHOLE_SIDE), box, quality=80)


def make_small_shot(frame: FrameScore, evidence: Evidence) -> Shot:
    """Return ``frame`` small, for the row of all frames."""
    return Shot(
        title="",
        time=clock(frame.time),
        chance=percent(frame.probability),
        caption="",
        crop=Picture.of(fit(evidence.crop, _SMALL_SIDE), quality=80),
    )


def face_facts(face: FaceScore, report: Report) -> str:
    """Return how large, how sharp and how long ``face`` was seen."""
    if not face.frames:
        return "not scored in any frame"
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


def by_suspicion(report: Report) -> list[FaceScore]:
    """Return the people of ``report``, the most suspicious first, those without a score last."""
    return sorted(
        report.faces,
        key=lambda face: (face.score is None, -(face.score or 0.0), face.track),
    )


def evidence_of(face: FaceScore, report: Report) -> list[tuple[FrameScore, Evidence]]:
    """Return the frames of ``face`` whose pictures were kept, with those pictures, by time."""
    kept = {(item.track, item.time): item for item in report.evidence}
    return [
        (frame, kept[face.track, frame.time])
        for frame in face.frames
        if (face.track, frame.time) in kept
    ]


def suspicion(pair: tuple[FrameScore, Evidence]) -> float:
    """Return the log-odds of a frame, to order frames by."""
    return log_odds(pair[0].probability)
