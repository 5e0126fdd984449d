"""The table that ``unmask detect`` prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unmask.report.credentials import summary
from unmask.report.text import percent, percent_range, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unmask.errors import Reason
    from unmask.types import Interval, Provenance, Report, VerdictName

_STYLES = {"fake": "bold red", "uncertain": "yellow", "real": "green", None: "dim"}
_WIDTH_WITHOUT_TERMINAL = 200  # a file or a pipe has no width to fit into


@dataclass(frozen=True)
class Row:
    """What the table and the exit code need of a report; the rest of it is let go."""

    path: str
    verdict: VerdictName | None
    probability: float | None
    interval: Interval | None
    abstention: Reason | None
    message: str
    faces: int
    provenance: Provenance

    @classmethod
    def of(cls, report: Report) -> Row:
        """Return the row of ``report``."""
        return cls(
            path=report.path,
            verdict=report.verdict,
            probability=report.probability,
            interval=report.interval,
            abstention=report.abstention,
            message=report.message,
            faces=len(report.faces),
            provenance=report.provenance,
        )


def print_table(rows: Sequence[Row]) -> None:
    """Print ``rows`` to stdout. Text from outside is shown as it is, never read as markup.

    There is a column of content credentials where a file carries any.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("P(fake)", justify="right", no_wrap=True)
    table.add_column("95 %", no_wrap=True)
    table.add_column("Faces", justify="right", no_wrap=True)
    credentials = [summary(row.provenance) for row in rows]
    if any(credentials):
        table.add_column("Credentials", no_wrap=True)
    table.add_column("File", overflow="fold", ratio=2)
    table.add_column("What was found", overflow="fold", ratio=3)
    for row, signed in zip(rows, credentials, strict=True):
        table.add_row(
            Text(row.verdict or "no verdict", style=_STYLES[row.verdict]),
            "" if row.probability is None else percent(row.probability),
            "" if row.interval is None else percent_range(row.interval),
            str(row.faces),
            *([signed] if any(credentials) else []),
            Text(printable(row.path)),
            Text(printable(row.message)),
        )
    console.print(table)
