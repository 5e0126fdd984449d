"""An analysis in words and places, at any prior and false-alarm budget.

The page shows these values and works out none of its own, so it says what the report says.
"""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict

from unmask.report import words
from unmask.report.axis import Axis, clock
from unmask.report.charts import HEIGHT, WIDTH, Chart, Gauge, make_chart, make_gauge
from unmask.report.credentials import describe
from unmask.report.facts import Fact, file_facts, model_facts
from unmask.report.page import opening, tone_and_pill
from unmask.report.people import face_facts
from unmask.report.text import percent, percent_range, printable, sentence
from unmask.report.views import by_suspicion, outline
from unmask.serve.page.pictures import face_name, frame_name, heat_name, times
from unmask.types import Box, FaceScore, Report, VerdictName


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Line(_Shown):
    """A name and a value; ``mono`` asks for the fixed-width face."""

    name: str
    value: str
    mono: bool = False


class Shot(_Shown):
    """One frame in which a person was scored.

    ``time`` in seconds, ``box`` left, top, width and height in per cent of the picture. The last
    three are addresses of pictures: the crop, the crop under its heat map, the whole frame.
    """

    time: float
    clock: str
    chance: str
    caption: str
    box: Box | None
    face: str | None
    heat: str | None
    whole: str | None


class Person(_Shown):
    """One person; ``most`` and ``least`` are the places of the frames of the highest and the
    lowest score."""

    track: int
    name: str
    chance: str
    interval: str
    facts: str
    note: str
    chart: Chart | None
    shots: list[Shot]
    most: int | None
    least: int | None


class Credentials(_Shown):
    """What the file's content credentials say."""

    heading: str
    text: str
    facts: list[Line]
    statements: list[str]


class Reading(_Shown):
    """What the scores of an analysis mean at ``prior`` and ``max_false_alarm_rate``.

    ``media`` is the address of the file itself, while it is kept. ``width`` and ``height`` are
    pixels, ``duration`` seconds, ``chart_size`` the width and height in which charts are drawn.
    """

    name: str
    kind: str | None
    verdict: VerdictName | None
    tone: str
    pill: str
    heading: str
    advice: list[str]
    chance: str
    interval: str
    meaning: str
    at_prior: str
    priors: list[Line]
    bands: str
    notes: list[str]
    prior: float
    max_false_alarm_rate: float | None
    gauge: Gauge | None
    chart_size: tuple[int, int]
    people: list[Person]
    credentials: Credentials
    facts: list[Line]
    model: list[Line]
    limits: list[str]
    heat: str
    media: str | None
    width: int | None
    height: int | None
    duration: float | None


def read(report: Report, address: str, pictures: Collection[str], *, media: bool) -> Reading:
    """Return ``report`` as the page shows it.

    Args:
        report: at the prior and the budget that are wanted.
        address: of the analysis; pictures and the file lie below it.
        pictures: the names of those there are.
        media: whether the file itself is still kept.
    """
    axis = Axis.for_report(report)
    tone, pill = tone_and_pill(report)
    heading, advice = opening(report)
    found = describe(report.provenance)
    about = report.media
    return Reading(
        name=printable(report.path),
        kind=report.kind,
        verdict=report.verdict,
        tone=tone,
        pill=pill,
        heading=heading,
        advice=[printable(text) for text in advice],
        chance="" if report.probability is None else percent(report.probability),
        interval="" if report.interval is None else percent_range(report.interval),
        meaning=words.meaning(report),
        at_prior=words.at_prior(report),
        priors=[Line(name=label, value=chance) for label, chance in words.other_priors(report)],
        bands=words.bands_in_force(report),
        notes=[printable(note) for note in report.notes],
        prior=report.prior,
        max_false_alarm_rate=report.thresholds and report.thresholds.max_false_alarm_rate,
        gauge=make_gauge(report, axis),
        chart_size=(WIDTH, HEIGHT),
        people=[_person(face, report, axis, address, pictures) for face in by_suspicion(report)],
        credentials=Credentials(
            heading=found.heading,
            text=printable(found.text),
            facts=_lines(found.facts),
            statements=[printable(text) for text in found.statements],
        ),
        facts=_lines(file_facts(report)),
        model=_lines(model_facts(report, {})),
        limits=words.limits(report),
        heat=words.HEAT_MAP if any(name.startswith("heat-") for name in pictures) else "",
        media=f"{address}/media" if media and about else None,
        width=about and about.width,
        height=about and about.height,
        duration=about and about.duration,
    )


def _person(
    face: FaceScore, report: Report, axis: Axis, address: str, pictures: Collection[str]
) -> Person:
    numbers = {time: number for number, time in enumerate(times(report))}

    def at(name: str) -> str | None:
        return f"{address}/pictures/{name}" if name in pictures else None

    order = sorted(range(len(face.frames)), key=lambda number: face.frames[number].score)
    return Person(
        track=face.track,
        name=f"Person {face.track + 1}",
        chance="" if face.probability is None else percent(face.probability),
        interval="" if face.interval is None else percent_range(face.interval),
        facts=face_facts(face, report),
        note=sentence(printable(face.note)),
        chart=make_chart(face, [], report, axis),
        shots=[
            Shot(
                time=frame.time,
                clock=clock(frame.time),
                chance=percent(frame.probability),
                caption=f"face {frame.size:.0f} px, sharpness {frame.sharpness:.0f}",
                box=None if report.media is None else outline(frame.box, report.media),
                face=at(face_name(face.track, number)),
                heat=at(heat_name(face.track, number)),
                whole=at(frame_name(numbers[frame.time])),
            )
            for number, frame in enumerate(face.frames)
        ],
        most=order[-1] if order else None,
        least=order[0] if len(order) > 1 else None,
    )


def _lines(facts: list[Fact]) -> list[Line]:
    return [
        Line(name=printable(name), value=printable(value), mono=mono) for name, value, mono in facts
    ]
