"""A folder of pages: one a medium, and an index of them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from markupsafe import Markup

from unmask import __version__
from unmask.report import words
from unmask.report.axis import clock
from unmask.report.credentials import summary
from unmask.report.facts import Fact, detector_facts
from unmask.report.names import Names
from unmask.report.page import environment, render_page, stamp, tone_and_pill
from unmask.report.pictures import fit
from unmask.report.text import percent, percent_range, sentence
from unmask.report.views import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from unmask.types import Report

_THUMBNAIL_SIDE = 240
_PILLS = (
    ("fake", "fake"),
    ("uncertain", "uncertain"),
    ("none", "no verdict"),
    ("real", "no sign found"),
)
_RANKS = {tone: len(_PILLS) - place for place, (tone, _) in enumerate(_PILLS)}


@dataclass(frozen=True)
class _Row:
    """A line of the index."""

    link: str
    name: str
    place: str
    about: str
    tone: str
    pill: str
    chance: str
    interval: str
    message: str
    credentials: str
    rank: int
    people: int
    probability: float
    picture: Picture | None


class HtmlWriter:
    """Writes the page of each report as it comes, and ``index.html`` on leaving the context.

    >>> with HtmlWriter(Path("out"), card) as writer:  # doctest: +SKIP
    ...     writer.add(report)
    """

    def __init__(
        self,
        folder: Path,
        card: Mapping[str, Any],
        *,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.index = folder / "index.html"
        self._folder = folder
        self._card = card
        self._settings = settings
        self._rows: list[_Row] = []
        self._detector: list[Fact] = []
        self._names = Names(".html", "index.html")
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index, also of a run that was cut short."""
        self.index.write_text(self._render_index(), encoding="utf-8")

    def add(self, report: Report) -> Path:
        """Write the page of ``report`` and return where it is."""
        name = self._names.free(report)
        page = self._folder / name
        html = render_page(report, self._card, settings=self._settings)
        page.write_text(html, encoding="utf-8")
        self._rows.append(_make_row(report, name))
        self._detector = detector_facts(report, self._settings or {})
        return page

    def _render_index(self) -> str:
        rows = sorted(self._rows, key=lambda row: (-row.rank, -row.probability))
        script = files("unmask.report").joinpath("templates/index.js").read_text(encoding="utf-8")
        totals = Counter(row.tone for row in rows)
        what = f"{len(rows)} file{'' if len(rows) == 1 else 's'}"
        return (
            environment()
            .get_template("index.html.j2")
            .render(
                title=f"unmask: {what}",
                heading=f"{what} analysed",
                totals=[(tone, totals[tone], word) for tone, word in _PILLS if totals[tone]],
                rows=rows,
                detector=self._detector,
                script=Markup(script),  # noqa: S704 - ours, of this package
                script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
                limit=words.SHORT_LIMITS,
                colophon=stamp(datetime.now(UTC)),
                version=__version__,
            )
        )


def write_reports(
    reports: Iterable[Report],
    folder: str | Path,
    card: Mapping[str, Any],
    *,
    settings: Mapping[str, object] | None = None,
) -> Path:
    """Write a page for each of ``reports`` and an index of them into ``folder``.

    Returns:
        The path of the index.
    """
    with HtmlWriter(Path(folder), card, settings=settings) as writer:
        for report in reports:
            writer.add(report)
    return writer.index


def _make_row(report: Report, page: str) -> _Row:
    tone, pill = tone_and_pill(report)
    path = Path(report.path)
    media = report.media
    about: list[str] = [report.kind or ""]
    if media is not None:
        about.append(f"{media.width} × {media.height}")
        if media.duration:
            about.append(clock(media.duration))
    return _Row(
        link=quote(page),
        name=path.name or report.path,
        place="" if str(path.parent) == "." else str(path.parent),
        about=", ".join(filter(None, about)),
        tone=tone,
        pill=pill,
        chance="" if report.probability is None else percent(report.probability),
        interval="" if report.interval is None else percent_range(report.interval),
        message=sentence(report.message),
        credentials=summary(report.provenance),
        rank=_RANKS[tone],
        people=len(report.faces),
        probability=-1.0 if report.probability is None else report.probability,
        picture=_thumbnail(report),
    )


def _thumbnail(report: Report) -> Picture | None:
    images = [item.thumbnail for item in report.evidence if item.thumbnail is not None]
    images += [item.crop for item in report.evidence[:1]]
    images += [item.thumbnail for item in report.glimpses[:1]]
    return Picture.of(fit(images[0], _THUMBNAIL_SIDE), quality=75) if images else None
