"""Names of the files that reports are written to."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unmask.types import Report

_LONGEST_NAME = 60


class Names:
    """Gives each report of a run a file name of its own, in the order that they come."""

    def __init__(self, suffix: str, *taken: str) -> None:
        self._suffix = suffix
        self._taken = set(taken)

    def free(self, report: Report) -> str:
        """Return a name that no report of this run has; file systems may not tell A from a."""
        stem = page_stem(report)
        name, count = f"{stem}{self._suffix}", 1
        while name.lower() in self._taken:
            count += 1
            name = f"{stem}-{count}{self._suffix}"
        self._taken.add(name.lower())
        return name


def page_stem(report: Report) -> str:
    """Return a file name, without its suffix, that is safe on every system.

    The medium's name in plain letters, and the start of its hash; of its path where the file
    could not even be read.
    """
    name = Path(report.path).name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME] or "file"
    path = report.path.encode("utf-8", "surrogatepass")
    return f"{slug}-{(report.sha256 or hashlib.sha256(path).hexdigest())[:10]}"
