"""Where probabilities and times fall on the page's gauges and timelines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unmask.types import FaceScore, Report

_TICKS = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
_LEAST_REACH = 3.2  # log-odds either side of even: 4 % to 96 % are always on the axis
_MOST_REACH = 9.5
_MARGIN = 0.9


def log_odds(probability: float) -> float:
    """Return the log-odds of ``probability``, kept finite."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def to_probability(score: float) -> float:
    """Return the probability whose log-odds are ``score``."""
    return 1 / (1 + math.exp(-score)) if score >= 0 else 1 - 1 / (1 + math.exp(score))


@dataclass(frozen=True)
class Axis:
    """A log-odds axis, labelled in per cent, that reaches ``reach`` either side of even odds.

    On it 99 % and 99.9 % lie as far apart as they differ in weight, and the bands keep a width
    that can be seen.
    """

    reach: float

    @classmethod
    def for_report(cls, report: Report) -> Axis:
        """Return the axis on which everything that ``report`` shows has room."""
        shown = [
            log_odds(value)
            for face in report.faces
            for value in (
                *(frame.probability for frame in face.frames),
                *(face.interval or ()),
            )
        ]
        shown += [log_odds(value) for value in report.interval or ()]
        shown += [edge for edge in bands(report) if edge is not None]
        widest = max(map(abs, shown), default=0) + _MARGIN
        return cls(min(max(widest, _LEAST_REACH), _MOST_REACH))

    def at(self, score: float) -> float:
        """Return the place of log-odds ``score``, 0 at the left end to 1 at the right."""
        return (min(max(score, -self.reach), self.reach) + self.reach) / (2 * self.reach)

    def of(self, probability: float) -> float:
        """Return the place of ``probability``."""
        return self.at(log_odds(probability))

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        ticks = _TICKS if self.reach < log_odds(_TICKS[-1]) else _TICKS[::2]
        inside = [tick for tick in ticks if abs(log_odds(tick)) <= self.reach]
        return [(self.of(tick), f"{tick * 100:g} %") for tick in inside]


def bands(report: Report) -> tuple[float | None, float | None]:
    """Return the log-odds, at the report's prior, below which the verdict is ``real`` and from
    which it is ``fake``; None where there is no such verdict."""
    if report.thresholds is None:
        return None, None
    shift = log_odds(report.prior)
    fake = report.thresholds.fake
    return report.thresholds.real + shift, None if fake is None else fake + shift


def runs(face: FaceScore) -> list[list[int]]:
    """Return the indices of the face's frames, cut where the face was out of sight.

    The frames are sampled evenly, so a step of more than 1.8 times the usual one is a gap, which
    a line must not paint over.
    """
    times = [frame.time for frame in face.frames]
    steps = sorted(after - before for before, after in pairwise(times))
    usual = steps[len(steps) // 2] if steps else 0.0
    found: list[list[int]] = []
    for index, time in enumerate(times):
        if found and time - times[index - 1] <= 1.8 * usual:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def time_ticks(duration: float) -> list[tuple[float, str]]:
    """Return places (0 to 1) and labels of round times over ``duration`` seconds."""
    if duration <= 0:
        return [(0.0, "0 s")]
    raw = duration / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= raw)
    if raw > 10:
        rounded = (15, 30, 60, 120, 300, 600, 900, 1800, 3600)
        step = next((float(size) for size in rounded if size >= raw), step)
    count = int(duration / step + 1e-9)
    return [(index * step / duration, clock(index * step)) for index in range(count + 1)]


def clock(seconds: float) -> str:
    """Return a time for a person: ``3.2 s``, ``1:05``, ``2:00:00``."""
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def span(values: Iterable[float]) -> tuple[float, float]:
    """Return the least and the greatest of ``values``."""
    ordered = sorted(values)
    return ordered[0], ordered[-1]
