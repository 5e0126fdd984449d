"""What was looked at, and what of it was not judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from unmask.report.axis import clock
from unmask.report.pictures import fit
from unmask.report.views import Picture, outline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.types import Glimpse, PassedReason, Report

_MOST = 10
_SIDE = 240

_REASONS: Final[Mapping[PassedReason, str]] = {
    "small": "smaller than the least size that is scored",
    "cut": "too far outside the picture",
    "crowd": "beyond the most faces that are scored in one frame",
}


@dataclass(frozen=True)
class Look:
    """A sampled frame, small, with the faces outlined that were found and not scored."""

    picture: Picture
    time: str
    caption: str


@dataclass(frozen=True)
class Looked:
    """The sampled frames shown, what they are, and a line on each reason not to score a face."""

    text: str
    frames: list[Look]
    reasons: list[str]


def make_looked(report: Report) -> Looked | None:
    """Return the section on frames looked at, or None where it would show nothing new.

    That is a still or clip of which every face was scored: its frames stand with the people.
    """
    passed = [each for glimpse in report.glimpses for each in glimpse.passed]
    if not report.glimpses or not (passed or report.abstention):
        return None
    shown = _choose(report.glimpses)
    count = len(report.glimpses)
    still = report.kind == "image"
    text = "The picture." if still else f"{len(shown)} of the {count} frames that were sampled."
    if not still and len(shown) == count:
        text = f"All {count} frames that were sampled." if count > 1 else "The frame sampled."
    if passed:
        text += " Outlined: faces that were found and not scored."
    return Looked(
        text=text,
        frames=[_make_look(each, report) for each in shown],
        reasons=_reasons(report.glimpses),
    )


def _choose(glimpses: tuple[Glimpse, ...]) -> list[Glimpse]:
    """Return a few frames in order of time: first those that hold a face that was passed over."""
    telling = [each for each in glimpses if each.passed]
    pool = telling if len(telling) >= _MOST else list(glimpses)
    places = np.unique(np.linspace(0, len(pool) - 1, min(len(pool), _MOST)).round().astype(int))
    chosen = [pool[place] for place in places]
    if pool is not telling and not any(each.passed for each in chosen):
        chosen = [*telling[:1], *chosen][:_MOST]
    return sorted(chosen, key=lambda each: each.time)


def _make_look(glimpse: Glimpse, report: Report) -> Look:
    media = report.media
    boxes = () if media is None else tuple(outline(each.box, media) for each in glimpse.passed)
    sizes = [min(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (each.box for each in glimpse.passed)]
    return Look(
        picture=Picture.of(fit(glimpse.thumbnail, _SIDE), boxes, quality=80),
        time="" if report.kind == "image" else clock(glimpse.time),
        caption=", ".join(f"{size:.0f} px" for size in sizes[:3]),
    )


def _reasons(glimpses: tuple[Glimpse, ...]) -> list[str]:
    counts = Counter(each.reason for glimpse in glimpses for each in glimpse.passed)
    return [
        f"{counts[reason]} face{'s were' if counts[reason] > 1 else ' was'} {text}."
        for reason, text in _REASONS.items()
        if counts[reason]
    ]
