"""Where the reports of ``unmask detect`` go, and the bar that shows how far it is."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from unmask.cli._console import say
from unmask.errors import SettingError
from unmask.report.choices import choice_facts
from unmask.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from rich.progress import Progress

    from unmask.detect import Settings
    from unmask.types import Report


def open_sinks(
    outputs: ExitStack,
    *,
    as_json: bool,
    csv: Path | None,
    folder: Path | None,
    pdf: Path | None,
    card: dict[str, Any],
    settings: Settings,
) -> list[Callable[[Report], object]]:
    """Open what each report is handed to; ``outputs`` closes it, also after an interruption.

    Raises:
        SettingError: a file or folder cannot be written.
    """
    from unmask.report import CsvWriter, json_line

    sinks: list[Callable[[Report], object]] = []
    if as_json:
        sinks.append(lambda report: print(json_line(report), flush=True))  # noqa: T201 - the data
    try:
        if csv is not None:
            stream = csv.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            sinks.append(CsvWriter(outputs.enter_context(stream)).add)
        if folder is not None:
            from unmask.report import HtmlWriter

            writer = HtmlWriter(folder, card, settings=choice_facts(settings))
            outputs.callback(say, f"report: {writer.index}")
            sinks.append(outputs.enter_context(writer).add)
        if pdf is not None:
            from unmask.report import PdfWriter

            sinks.append(PdfWriter(pdf, card, settings=choice_facts(settings)).add)
            outputs.callback(say, f"PDF: {pdf}")
    except OSError as error:
        raise SettingError(f"cannot write {error.filename}: {error.strerror}") from error
    return sinks


@contextmanager
def counting(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function of (done, total) that moves a bar on stderr, where a person watches it."""
    with _bar(hidden=False) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar(*, hidden: bool) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        speed_estimate_period=600,  # seconds; a step may take minutes
        console=console,
        transient=True,
        redirect_stdout=False,  # else Rich would send the data on stdout to stderr as well
        disable=hidden or not console.is_terminal,
    )


def with_progress(
    reports: Iterable[Report], media: Sequence[str | Path], *, hidden: bool = False
) -> Generator[Report]:
    """Pass ``reports`` on, with a bar on stderr where a person watches it."""
    names = [printable(PurePath(path).name) for path in media]
    with _bar(hidden=hidden) as bar:
        task = bar.add_task(names[0] if names else "", total=len(names))
        for done, report in enumerate(reports, start=1):
            yield report
            bar.update(task, completed=done, description=(names[done:] or [""])[0])
