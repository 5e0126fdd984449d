"""Reports as a person or a program reads them: JSON lines, CSV, HTML and PDF."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unmask.report.folder import HtmlWriter, write_reports
    from unmask.report.lines import json_line, make_schema, read_schema
    from unmask.report.page import render_page
    from unmask.report.pdf import PdfWriter, make_pdf
    from unmask.report.rows import CsvWriter
    from unmask.report.text import printable

_HOMES = {
    "CsvWriter": "unmask.report.rows",
    "HtmlWriter": "unmask.report.folder",
    "PdfWriter": "unmask.report.pdf",
    "json_line": "unmask.report.lines",
    "make_pdf": "unmask.report.pdf",
    "make_schema": "unmask.report.lines",
    "printable": "unmask.report.text",
    "read_schema": "unmask.report.lines",
    "render_page": "unmask.report.page",
    "write_reports": "unmask.report.folder",
}

__all__ = [
    "CsvWriter",
    "HtmlWriter",
    "PdfWriter",
    "json_line",
    "make_pdf",
    "make_schema",
    "printable",
    "read_schema",
    "render_page",
    "write_reports",
]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: the command line starts without pydantic and numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'unmask.report' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
