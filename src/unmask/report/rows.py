"""Reports as CSV, one row a medium, for people who work in a spreadsheet."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

from unmask.report.text import printable

if TYPE_CHECKING:
    from unmask.types import Report

COLUMNS = (
    "path",
    "sha256",
    "kind",
    "verdict",
    "probability",
    "interval_low",
    "interval_high",
    "abstention",
    "message",
    "faces",
    "frames_expected",
    "frames_decoded",
    "frames_analysed",
    "credentials",
    "credentials_signer",
    "credentials_tool",
    "ai_declared",
    "prior",
    "model",
    "model_version",
    "model_sha256",
    "unmask",
    "seconds",
)


class CsvWriter:
    """Writes reports to ``stream`` (opened with ``newline=""``) as they come.

    A spreadsheet runs a cell that starts with ``=``, ``+``, ``-``, ``@`` or a tab as a formula,
    and a file's name may well be one; such a cell gets an apostrophe in front.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._writer = csv.writer(stream)
        self._writer.writerow(COLUMNS)

    def add(self, report: Report) -> None:
        """Write the row of ``report`` and flush it, so that a run cut short keeps it."""
        self._writer.writerow([_cell(value) for value in _row(report)])
        self._stream.flush()


def _row(report: Report) -> tuple[object, ...]:
    low, high = report.interval or (None, None)
    return (
        report.path,
        report.sha256,
        report.kind,
        report.verdict,
        report.probability,
        low,
        high,
        report.abstention,
        report.message,
        len(report.faces),
        report.frames.expected,
        report.frames.decoded,
        report.frames.analysed,
        report.provenance.state,
        printable(report.provenance.signer),
        printable(report.provenance.tool),
        report.provenance.ai_declared,
        report.prior,
        report.model.name,
        report.model.version,
        report.model.sha256,
        report.unmask,
        report.seconds,
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{text}"
    return text
