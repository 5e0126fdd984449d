"""The report as PDF, for a file that is kept: the same page, set on paper.

``python -m unmask.report.pdf PAGE.html OUT.pdf`` sets a page that was written before; the service
calls it in a process of its own.
"""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unmask.errors import MissingExtraError, SettingError
from unmask.report.names import Names
from unmask.report.page import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.types import Report

SUFFIX: Final = ".pdf"

_NO_PANGO: Final = (
    "PDF needs the Pango library, which this machine lacks; install it: apt-get install "
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (Debian, Ubuntu), or brew install pango "
    "(macOS); HTML reports need none (--report)"
)


class PdfWriter:
    """Writes the PDF of each report as it comes.

    Args:
        target: a folder; or, for one report, a file whose name ends in ``.pdf``.
        card: the model's card.
        settings: how the analysis was set.

    Raises:
        MissingExtraError: the extra ``pdf`` is not installed.
        SettingError: the machine lacks what sets text.
        OSError: the folder cannot be made.
    """

    def __init__(
        self,
        target: Path,
        card: Mapping[str, Any],
        *,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        _load()
        self._single = target if is_file_name(target) else None
        self._folder = target.parent if self._single else target
        self._card, self._settings = card, settings
        self._names = Names(SUFFIX)
        self._folder.mkdir(parents=True, exist_ok=True)

    def add(self, report: Report) -> Path:
        """Write the PDF of ``report`` and return where it is."""
        path = self._single or self._folder / self._names.free(report)
        path.write_bytes(make_pdf(render_page(report, self._card, settings=self._settings)))
        return path


def is_file_name(target: Path) -> bool:
    """Return whether ``target`` names one PDF and not a folder of them."""
    return target.suffix.lower() == SUFFIX and not target.is_dir()


def make_pdf(html: str) -> bytes:
    """Return a page of this package as PDF. Nothing is fetched, whatever the page names.

    Raises:
        MissingExtraError: the extra ``pdf`` is not installed.
        SettingError: the machine lacks what sets text.
    """
    library = _load()
    fetcher = library.urls.URLFetcher(allowed_protocols=("data",))
    made = library.HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_tags=True)
    if not isinstance(made, bytes):
        raise TypeError(f"WeasyPrint must return bytes. Got {type(made).__name__}")
    return made


@cache
def _load() -> Any:
    try:
        with redirect_stdout(io.StringIO()):  # where it prints what it lacks; stdout holds data
            return import_module("weasyprint")
    except ModuleNotFoundError as error:
        raise MissingExtraError("PDF", "pdf") from error
    except OSError as error:
        raise SettingError(_NO_PANGO) from error


def main() -> None:
    """Set the page named first as the PDF named second."""
    page, target = map(Path, sys.argv[1:])
    target.write_bytes(make_pdf(page.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
