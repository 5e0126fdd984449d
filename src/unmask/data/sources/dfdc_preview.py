"""The Deepfake Detection Challenge's preview set.

    <root>/original_videos/<id>/<id>_<X>_<nnn>.mp4
    <root>/method_A|method_B/<id>/<id>_<X>/<swapped id>_<id>_<X>_<nnn>.mp4
    <root>/dataset.json                 {"<path>": {"label": "real"|"fake", "set": "train"|"test"}}

A fake comes from the original whose name is its own without the swapped-in person's number. The
identity is the person filmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import (
    ABSENT,
    NOT_LISTED,
    SOURCES,
    UNKNOWN_LABEL,
    UNKNOWN_NAME,
    Found,
    Problem,
)
from unmask.data.sources.families import PREVIEW, keep_whole
from unmask.data.sources.reading import Tree, pairs, read_json, stem, strays

LABELS = {"real": 0, "fake": 1}
LIST = "dataset.json"


@SOURCES.register("dfdc-preview")
class DfdcPreview:
    """The DFDC preview's videos with their official sets."""

    def recognises(self, root: Path) -> bool:
        """Say whether the list lies beside the folders that it names."""
        folders = ("original_videos", "method_A", "method_B")
        return (root / LIST).is_file() and any((root / name).is_dir() for name in folders)

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a listed video, and a problem for each that is not listed."""
        tree = Tree(root)
        listed = set()
        found: list[Found] = []
        for path, entry in pairs(read_json(tree.text(LIST), LIST)):
            listed.add(path)
            facts = {key: str(value).strip().lower() for key, value in pairs(entry)}
            found += _items(path, facts, there=tree.has(path))
        yield from keep_whole(found)
        yield from strays((path for path in tree.files() if path not in listed), LIST, NOT_LISTED)


def _items(path: str, facts: dict[str, str], *, there: bool) -> Iterator[Found]:
    label = LABELS.get(facts.get("label", ""))
    if label is None:
        yield Problem(path, f"{LIST}: '{facts.get('label', '')}'", UNKNOWN_LABEL)
        return
    original: str | None = None
    person: str | None = stem(path).partition("_")[0]
    if label and (match := PREVIEW.match(stem(path))):
        original, person = match.groups()
    elif label:
        person = None
        yield Problem(path, LIST, UNKNOWN_NAME)
    yield {
        "video_id": stem(path),
        "path": path,
        "label": label,
        "method": path.partition("/")[0] if label else None,
        "original_id": original,
        "group_id": original or stem(path),
        "identity": person,
        "dataset": "dfdc-preview",
        "split": facts.get("set") or None,
        "frames": None if there else 0,
        "note": None if there else ABSENT,
        "where": LIST,
    }
