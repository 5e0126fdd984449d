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

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class CsvWriter:
    """Writes reports to ``stream`` (opened with ``newline=""``) as they come.

    A spreadsheet runs a cell that starts with ``=``, ``+``, ``-`` or ``@`` as a formula, in some
    countries also with their wide forms, and a file's name may well be one; such a cell gets an
    apostrophe in front. Characters that act instead of show are escaped, so that the file can be
    looked at in a terminal; the JSON has every path as it is.
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
        report.provenance.signer,
        report.provenance.tool,
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
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
