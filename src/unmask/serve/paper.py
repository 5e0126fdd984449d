"""A stored page set as PDF, by a process that then ends: ``python -m unmask.serve.paper``.

The page was written by a process that had opened a file of unknown intent. So it is set within
bounds of its own, where nothing can be fetched.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import HTTPException
from pydantic import TypeAdapter

from unmask.errors import MissingExtraError, UnmaskError
from unmask.report.pdf import make_pdf
from unmask.serve.process import confine, end, spawn, when_parent_goes

PDF: Final = "report.pdf"

_SECONDS = 120.0
_MEMORY = 2 * 2**30  # bytes of address space
_NOT_HERE = 3  # exit code where this machine cannot set text


@dataclass(frozen=True)
class Order:
    """A page, and where to put it as PDF."""

    page: Path
    target: Path


_ORDER = TypeAdapter(Order)


def set_on_paper(page: Path, seconds: float = _SECONDS) -> Path:
    """Set ``page`` as `PDF` beside it, unless that was done before, and return where that is.

    Raises:
        HTTPException: 501 where this machine makes no PDF, 404 where the page is gone, 500 where
            it cannot be set.
    """
    made = page.with_name(PDF)
    if made.is_file():
        return made
    if find_spec("weasyprint") is None:
        raise HTTPException(501, str(MissingExtraError("PDF", "pdf")))
    part = page.with_name(f"{PDF}-{secrets.token_hex(8)}")
    process = spawn("unmask.serve.paper", _ORDER.dump_json(Order(page, part)).decode())
    try:
        code = process.wait(seconds)
        if code == 0:
            return part.replace(made)
    except subprocess.TimeoutExpired:
        code = None
    except OSError as error:  # removed meanwhile
        raise HTTPException(404, "the report is no longer there; send the file again") from error
    finally:
        end(process)
        part.unlink(missing_ok=True)
    if not page.is_file():
        raise HTTPException(404, "the report is no longer there; send the file again")
    if code == _NOT_HERE:
        raise HTTPException(501, "PDF needs Pango on the server; fetch the page and print it")
    raise HTTPException(500, "the report cannot be set as PDF; fetch the page and print it")


def main() -> None:
    """Read an order, one line of JSON, and carry it out."""
    order = _ORDER.validate_json(sys.stdin.buffer.readline())
    when_parent_goes(lambda: os._exit(1))
    confine(_SECONDS, _MEMORY)
    try:
        made = make_pdf(order.page.read_text(encoding="utf-8"))
    except UnmaskError:
        sys.exit(_NOT_HERE)
    order.target.write_bytes(made)


if __name__ == "__main__":
    main()
