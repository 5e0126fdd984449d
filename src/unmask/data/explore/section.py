"""One question asked of a dataset, and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

LONGEST = 20
"""Rows of a table that lists single videos."""


@dataclass(frozen=True)
class Section:
    """An answer in words, as a table, and as a figure where there is something to draw.

    Attributes:
        name: short, also that of the figure's file.
        title: of the section.
        text: the answer in a sentence or two.
        head: names of the table's columns.
        rows: of the table.
        figure: what is drawn.
    """

    name: str
    title: str
    text: str
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    figure: Figure | None = None


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> count(1, "video"), count(1200, "family", "families")
    ('1 video', '1,200 families')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` in percent; a dash where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
