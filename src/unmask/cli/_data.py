"""What the commands of ``unmask data`` say about a manifest."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import typer

from unmask.cli._console import say
from unmask.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from unmask.data.clean import Cleaned
    from unmask.data.explore import Section

_ROWS = 12  # of a table on the terminal; the page has all
_NAMED = 10  # files named of those that cannot be read


def say_cleaned(done: Cleaned) -> None:
    """Say what each step of cleaning left out, and what it did not judge."""
    for dataset, reason in done.not_judged.items():
        say(f"{dataset}: number of frames not judged, {reason}")
    if done.before:
        say(f"{done.before:,} left out before")
    say(f"{done.absent:,} listed, but not there")
    say(f"{done.outliers:,} outliers by number of frames")
    say(f"{done.orphans:,} fakes orphaned")
    say(f"{done.left:,} left")


def say_failed(failed: Mapping[str, str]) -> None:
    """Name the files that could not be compared."""
    if failed:
        say(f"{len(failed)} could not be read and were not compared:")
    for path, reason in list(failed.items())[:_NAMED]:
        say(f"  {path}: {reason}")
    if len(failed) > _NAMED:
        say(f"  and {len(failed) - _NAMED} more")


def print_leaks(rows: Sequence[tuple[str, ...]]) -> None:
    """Print the rows that leak, tab-separated, and say how many of each kind there are."""
    for row in rows:
        typer.echo("\t".join(printable(value) for value in row))
    for kind, count in Counter(row[0] for row in rows).items():
        things = len({row[1] for row in rows if row[0] == kind})
        say(f"{kind}: {things} in several splits, {count} rows")
    if not rows:
        say("nothing that was compared stands in two splits")


def print_sections(sections: Iterable[Section]) -> None:
    """Print the answers on stdout; text from the dataset is shown as it is, never as markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 120)
    for section in sections:
        console.print(Text(section.title, style="bold"))
        console.print(Text(printable(section.text)))
        if section.rows:
            table = Table(*section.head, box=box.SIMPLE_HEAD, pad_edge=False)
            for row in section.rows[:_ROWS]:
                table.add_row(*(Text(printable(cell)) for cell in row))
            console.print(table)
            if len(section.rows) > _ROWS:
                console.print(f"… and {len(section.rows) - _ROWS} more rows on the page")
        console.print()
