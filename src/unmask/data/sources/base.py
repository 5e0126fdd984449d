"""What every dataset source promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from unmask.registry import Registry


class Source(Protocol):
    """Reads one dataset's published layout."""

    def recognises(self, root: Path) -> bool:
        """Say whether the folder has this layout."""
        ...

    def scan(self, root: Path) -> Iterable[dict[str, Any]]:
        """Yield manifest rows (see `unmask.data.manifest.SCHEMA`); columns may be missing.

        A listed file that is absent is a row with ``frames`` 0 and a ``note``, never dropped.
        """
        ...


SOURCES: Registry[Callable[[], Source]] = Registry("dataset source")
