"""Tables of figures, for the terminal and as Markdown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unmask.cli._card import markdown_table
from unmask.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unmask.evaluation.results import Figure

_WIDTH_WITHOUT_TERMINAL = 160
ABSENT = "–"


@dataclass(frozen=True)
class Grid:
    """A table with a title and notes below it; the first column is text, the others figures."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def figure_text(figure: Figure | None) -> str:
    """Return a figure with its interval, or a dash where it is undefined."""
    if figure is None:
        return ABSENT
    return value_text(figure.value, figure.interval)


def value_text(value: float, interval: tuple[float, float] | None) -> str:
    """Return a value with its interval.

    >>> value_text(0.5, (0.25, 0.75))
    '0.500 (0.250–0.750)'
    """
    if interval is None:
        shown = f"{value:.3f}"
    else:
        dash = " to " if min(interval) < 0 else "–"
        shown = f"{value:.3f} ({interval[0]:.3f}{dash}{interval[1]:.3f})"
    return shown.replace("-", "\N{MINUS SIGN}")


def print_grids(grids: Iterable[Grid]) -> None:
    """Print tables to stdout. Text from outside is shown as it is, never read as markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    for grid in grids:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, name in enumerate(grid.head):
            table.add_column(Text(printable(name)), justify="right" if number else "left")
        for row in grid.rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(Text(printable(grid.title), style="bold"))
        console.print(table)
        for note in grid.notes:
            console.print(Text(printable(note), style="dim"))
        console.print()


def markdown_grids(grids: Iterable[Grid]) -> str:
    """Return tables as Markdown."""
    parts = []
    for grid in grids:
        parts += [f"**{printable(grid.title)}**", markdown_table(grid.head, grid.rows)]
        if grid.notes:
            parts.append("\n".join(f"- {printable(note)}" for note in grid.notes))
    return "\n\n".join(parts) + "\n"
