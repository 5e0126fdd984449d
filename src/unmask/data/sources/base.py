"""What every dataset source promises, and the words for what is wrong with a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from unmask.registry import Registry

ABSENT: Final = "listed, but not there"
CUT: Final = "its family stands in a stricter split as well: taken out of its own"
DIVIDED: Final = "person in several official splits: not kept as an identity"
HEADER_AGAIN: Final = "header repeated among the rows"
LABELS_DIFFER: Final = "listed with both labels: left out"
LABEL_CONTRADICTS: Final = "the list's label contradicts the folder: left out"
NO_NAME: Final = "row without a file name: left out"
NO_ORIGINAL: Final = "its original is not in the dataset"
NO_SPLIT: Final = "in no official split"
NOT_LISTED: Final = "not listed in the metadata: left out"
STRAY: Final = "not where the layout has media: left out"
TWICE: Final = "listed twice: kept once"
UNKNOWN_LABEL: Final = "unknown label: left out"
UNKNOWN_NAME: Final = "its name does not say which original it comes from"
UNKNOWN_SPLIT: Final = "unknown split: kept without one"
UNREADABLE: Final = "cannot be read: left out"
NOT_UNICODE: Final = "its name is not Unicode: left out"


@dataclass(frozen=True)
class Problem:
    """Something in a dataset that is not as it should be; none is passed over in silence.

    Attributes:
        path: the file or folder concerned, relative to the dataset's root.
        where: where it was found: a table and its line, a list, a folder; with the value, if odd.
        reason: one of the constants of this module, which say what becomes of the row.
    """

    path: str
    where: str
    reason: str


Row: TypeAlias = dict[str, Any]
"""A manifest row (see `unmask.data.manifest.SCHEMA`); columns may be missing. A further key
``where`` says where the row was found, for the problems that are seen later."""

Found: TypeAlias = Row | Problem


class Source(Protocol):
    """Reads one dataset's published layout."""

    def recognises(self, root: Path) -> bool:
        """Say whether the folder has this layout, from a glance: no walk, no large file."""
        ...

    def scan(self, root: Path) -> Iterable[Found]:
        """Yield a row a video or image, and a problem for each irregularity.

        A listed file that is absent is a row with ``frames`` 0 and the note `ABSENT`. Every row
        has ``video_id``, ``path``, ``label``, ``group_id`` and ``dataset``; an ``original_id`` is
        the ``video_id`` of a row of the same dataset.

        Raises:
            DataError: a file that the whole dataset depends on is missing or cannot be read.
        """
        ...


SOURCES: Registry[Callable[[], Source]] = Registry("dataset source")
