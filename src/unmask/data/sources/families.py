"""Who comes from whom: originals by the datasets' ways of naming, and families kept whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from unmask.data.manifest import SPLITS
from unmask.data.sources.base import CUT, DIVIDED, Found, Problem, Row

FFPP: Final = re.compile(r"(\d{3})_(\d{3})$")
"""``<target>_<source>``."""

FFPP_REAL: Final = re.compile(r"(\d{3})$")
"""The id of an original of FaceForensics++ alone."""

DFD: Final = re.compile(r"(\d\d)_(\d\d)__(.+)__\w{8}$")
"""``<target>_<source>__<scene>__<8 characters>``, made from ``<target>__<scene>``."""

CELEB: Final = re.compile(r"(id\d+)(?:_id\d+)?_(\d{4})(?!\d)")
"""``idA_idB_NNNN…``, made from ``idA_NNNN``; also the original itself."""

PREVIEW: Final = re.compile(r"\d+_((\d+)_[A-Z]+_\w+)$")
"""``<swapped>_<target>_<letter>_<number>``, made from the same without ``<swapped>``."""


class Families:
    """Sets of videos that share a face, grown by joining two at a time.

    >>> families = Families()
    >>> families.join("000", "003")
    >>> families["003"], families["007"]
    ('000', '007')
    """

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        """Put two videos, and all that was joined to them, into one family."""
        low, high = sorted((self[one], self[other]))
        if low != high:
            self._parent[high] = low

    def __getitem__(self, video: str) -> str:
        """Return the family of a video: the least id in it."""
        while video in self._parent:
            video = self._parent[video]
        return video


def strictest(splits: Iterable[str | None]) -> str | None:
    """Return the split furthest from training; None if there is none among them."""
    known = [split for split in splits if split in SPLITS]
    return max(known, key=SPLITS.index, default=None)


def keep_whole(found: Iterable[Found]) -> Iterator[Found]:
    """Pass on rows and problems so that no official split cuts a family or divides a person.

    An official list that draws fakes apart from their originals cuts families. What it has for
    testing stays; the rest of such a family keeps its row, without a split, and is reported. A
    person on both sides of an official list is reported once and is not kept as an identity: the
    list is honoured, and the manifest does not claim that it separates people.
    """
    items = list(found)
    rows = [item for item in items if not isinstance(item, Problem)]
    splits = _splits(rows, "group_id")
    for number, item in enumerate(items):
        if isinstance(item, Problem) or item.get("split") not in SPLITS:
            continue
        split = strictest(splits[item["dataset"], item["group_id"]])
        if item["split"] != split:
            where = f"{item.get('where', item['dataset'])}: {item['split']}, family {split}"
            yield Problem(item["path"], where, CUT)
            items[number] = {**item, "split": None, "note": item.get("note") or CUT}
    rows = [item for item in items if not isinstance(item, Problem)]
    divided = {key for key, all_of in _splits(rows, "identity").items() if len(all_of) > 1}
    for dataset, person in sorted(divided):
        yield Problem(person, f"official split of {dataset}", DIVIDED)
    for item in items:
        if not isinstance(item, Problem) and (item["dataset"], item.get("identity")) in divided:
            yield {**item, "identity": None}
        else:
            yield item


def _splits(rows: Iterable[Row], column: str) -> dict[tuple[str, str], set[str]]:
    """Return the splits that each value of a column stands in."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row.get(column) and row.get("split"):
            found.setdefault((row["dataset"], row[column]), set()).add(row["split"])
    return found
