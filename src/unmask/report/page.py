"""The HTML page of one medium: self-contained, no script, nothing fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from unmask import __version__
from unmask.report import words
from unmask.report.axis import Axis, clock
from unmask.report.card import CardSummary, summarize_card
from unmask.report.charts import HEIGHT, WIDTH, Gauge, make_gauge
from unmask.report.credentials import Credentials, describe
from unmask.report.facts import Fact, file_facts, model_facts, summary_line
from unmask.report.looked import Looked, make_looked
from unmask.report.people import Person, ScoreRow, make_people, make_scores
from unmask.report.pictures import heat_scale
from unmask.report.text import percent, percent_range, printable, sentence, shorten
from unmask.report.views import Picture, by_suspicion, evidence_of, make_whole, suspicion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.types import FaceScore, Report

_FOOT = 48  # characters of a name at the foot of a printed page


@dataclass(frozen=True)
class Page:
    """All that ``report.html.j2`` prints."""

    subject: str
    name: str
    foot: str
    about: str
    sha256: str
    tone: str
    pill: str
    heading: str
    chance: str
    interval: str
    lead_text: list[str]
    lead: Picture | None
    lead_caption: str
    gauge: Gauge | None
    meaning: str
    priors: list[tuple[str, str]]
    bands: str
    notes: list[str]
    people_title: str
    people: list[Person]
    heat_key: str
    looked: Looked | None
    credentials: Credentials
    facts: list[Fact]
    model: list[Fact]
    card: CardSummary
    limits: list[str]
    scores: list[ScoreRow]
    scores_left_out: str
    colophon: str


def render_page(
    report: Report,
    card: Mapping[str, Any],
    *,
    settings: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> str:
    """Return the page of ``report`` as HTML.

    Args:
        report: what was found. Pictures are shown where ``report.evidence`` carries them.
        card: the model's card; its text is shown as it stands.
        settings: how the analysis was set, shown beside the model.
        now: the time stated as that of the report; default: this moment.
    """
    page = _make_page(report, card, settings or {}, now or datetime.now(UTC))
    template = environment().get_template("report.html.j2")
    return template.render(page=page, title=f"{page.heading}: {page.name}", version=__version__)


@cache
def environment() -> Environment:
    """Return the templates' environment. Every string printed is escaped, and passes
    :func:`printable` first; a value that a template expects and does not get is an error."""
    found = Environment(
        loader=PackageLoader("unmask.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    found.globals |= {"chart_width": WIDTH, "chart_height": HEIGHT}
    return found


def tone_and_pill(report: Report) -> tuple[str, str]:
    """Return the style and the short word for the verdict of ``report``."""
    if report.verdict is None:
        return "none", "no verdict"
    return report.verdict, "no sign found" if report.verdict == "real" else report.verdict


def opening(report: Report) -> tuple[str, list[str]]:
    """Return the heading of ``report`` and, of an abstention, why and what to do about it."""
    if report.abstention is None:
        return words.HEADINGS[report.verdict or "uncertain"], []
    # A message ends with the notes, which have a place of their own.
    message = report.message.removesuffix("; ".join(report.notes)).rstrip("; ")
    heading, cure = words.ABSTENTIONS[report.abstention]
    return heading, [sentence(message), cure]


def stamp(now: datetime) -> str:
    """Return who made a page, and when."""
    return f"Made by unmask {__version__} on {now.astimezone(UTC):%Y-%m-%d at %H:%M} UTC, offline."


def _make_page(
    report: Report, card: Mapping[str, Any], settings: Mapping[str, object], now: datetime
) -> Page:
    axis = Axis.for_report(report)
    scale = heat_scale(report.evidence)
    people = by_suspicion(report)
    summary = summarize_card(card)
    lead, lead_caption = _lead(report, people)
    scores, left_out = make_scores(report)
    name = Path(report.path).name or report.path
    tone, pill = tone_and_pill(report)
    heading, lead_text = opening(report)
    maps = any(item.cam is not None for item in report.evidence)
    return Page(
        subject={"image": "an image", "video": "a video", None: "a file"}[report.kind],
        name=name,
        foot=shorten(name, _FOOT),
        about=summary_line(report),
        sha256=report.sha256 or "",
        tone=tone,
        pill=pill,
        heading=heading,
        chance="" if report.probability is None else percent(report.probability),
        interval="" if report.interval is None else percent_range(report.interval),
        lead_text=lead_text,
        lead=lead,
        lead_caption=lead_caption,
        gauge=make_gauge(report, axis),
        meaning=" ".join(filter(None, (words.meaning(report), words.at_prior(report)))),
        priors=words.other_priors(report),
        bands=words.bands_in_force(report),
        notes=list(report.notes),
        people_title="The person found" if len(people) == 1 else f"The {len(people)} people found",
        people=make_people(report, axis, scale),
        heat_key=_heat_key(scale) if maps else "",
        looked=make_looked(report),
        credentials=describe(report.provenance),
        facts=file_facts(report),
        model=model_facts(report, settings),
        card=summary,
        limits=[*words.limits(report), *summary.limits],
        scores=scores,
        scores_left_out=left_out,
        colophon=stamp(now),
    )


def _lead(report: Report, people: list[FaceScore]) -> tuple[Picture | None, str]:
    """Return the frame shown beside a verdict: the most suspicious of the worst person."""
    for face in people:
        shown = [pair for pair in evidence_of(face, report) if pair[1].thumbnail is not None]
        if shown:
            frame, evidence = max(shown, key=suspicion)
            what = f"Person {face.track + 1}, {percent(frame.probability)} in this frame"
            when = f", at {clock(frame.time)}" if report.kind == "video" else ""
            return make_whole(frame, evidence, report.media), what + when
    return None, ""


def _heat_key(scale: float) -> str:
    return (
        "Heat map: where the picture spoke for “fake”. Clear: not at all, or against it; "
        f"deepest red: +{scale:.1f} log-odds and more at that place. A frame’s raw score is the "
        "mean over its picture plus a constant. One scale for the whole page."
    )
