"""A folder with its own table of labels.

<root>/labels.csv       file,label,original,method,split,note
<root>/<file>           any image or video

``original`` is a file of the table, by its path or, in the same folder, by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unmask.data.sources.base import (
    ABSENT,
    NOT_LISTED,
    SOURCES,
    UNKNOWN_LABEL,
    Found,
    Problem,
)
from unmask.data.sources.reading import Tree, bare, read_table, stem, strays

LABELS = {"REAL": 0, "FAKE": 1}
TABLE = "labels.csv"


@SOURCES.register("labelled")
class Labelled:
    """Media listed in a ``labels.csv``."""

    def recognises(self, root: Path) -> bool:
        """Say whether the folder holds a ``labels.csv``."""
        return (root / TABLE).is_file()

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a line of the table, and a problem for each file that it does not list."""
        tree = Tree(root)
        items = list(read_table(tree.text(TABLE), ("file", "label"), TABLE))
        listed = {item[1]["file"] for item in items if not isinstance(item, Problem)}
        for item in items:
            yield item if isinstance(item, Problem) else _row(tree, *item, listed)
        yield from strays((path for path in tree.files() if path not in listed), TABLE, NOT_LISTED)


def _row(tree: Tree, place: str, cells: dict[str, str], listed: set[str]) -> Found:
    path = cells["file"]
    label = LABELS.get(cells["label"].upper())
    if label is None:
        return Problem(path, f"{place}: '{cells['label']}'", UNKNOWN_LABEL)
    named = cells.get("original") or ""
    beside = (PurePosixPath(path).parent / named).as_posix()
    known = next((file for file in (named, beside) if file in listed), named)
    there = tree.has(path)
    return {
        "video_id": bare(path),
        "path": path,
        "label": label,
        "method": cells.get("method") or None,
        "original_id": bare(known) or None,
        "group_id": stem(named) or stem(path),
        "dataset": tree.root.resolve().name,
        "split": cells.get("split") or None,
        "frames": None if there else 0,
        "note": (cells.get("note") or None) if there else ABSENT,
        "where": place,
    }
