"""The Deepfake Detection Challenge's videos: full training set, Kaggle sample, labelled test sets.

    <root>/dfdc_train_part_<n>/               0 to 49; train_sample_videos/ in the Kaggle sample
        <name>.mp4
        metadata.json                         {"<name>.mp4": {"label": "FAKE"|"REAL",
                                               "split": "train", "original": "<name>.mp4"}}
                                              also one folder deeper, as unpacked by some
    <root>/dfdc_train_part_<nn>.zip           or packed, with that folder in it; read in place
    <root>/test/labels.csv                    filename,label (0 real, 1 fake); validation/ likewise
    <root>/test/[videos/]<name>.mp4

A single part is read as well, by itself as the root. The family is the original's name; the test
sets name no originals. Videos that nobody labelled, as in Kaggle's ``test_videos``, are problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unmask.data.sources.base import (
    ABSENT,
    NOT_LISTED,
    SOURCES,
    UNKNOWN_LABEL,
    UNREADABLE,
    Found,
    Problem,
)
from unmask.data.sources.reading import (
    Tree,
    is_video,
    others,
    packed_table,
    pairs,
    read_json,
    read_table,
    stem,
    strays,
)
from unmask.errors import DataError

PART = "dfdc_train_part_*"
SAMPLE = "train_sample_videos"
LABELS = {"REAL": 0, "FAKE": 1, "0": 0, "1": 1}
LABELLED = {"test": "test", "validation": "val"}


@SOURCES.register("dfdc")
class Dfdc:
    """DFDC videos with their JSON files, in folders or zips."""

    def recognises(self, root: Path) -> bool:
        """Say whether a part, the sample or a labelled test set lies in the folder."""
        one = (root / "metadata.json").is_file() or (root / SAMPLE / "metadata.json").is_file()
        labelled = any((root / name / "labels.csv").is_file() for name in LABELLED)
        return one or labelled or any(root.glob(PART))

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a listed video, and a problem for each that is not listed."""
        tree = Tree(root)
        parts = sorted(path.name for path in root.glob(PART))
        parts += [name for name in (SAMPLE,) if tree.has(name)]
        single = tree.has("metadata.json")
        for part in [*parts, ""] if single else parts:
            try:
                yield from _part(tree, part)
            except DataError as error:
                yield Problem(part, str(error), UNREADABLE)
        for folder, split in LABELLED.items():
            if tree.has(f"{folder}/labels.csv"):
                yield from _labelled(tree, folder, split)
        if "test_videos" in tree.folders():
            yield from strays(tree.files("test_videos"), "test_videos", NOT_LISTED)
        own = [name for name, is_folder in tree.entries().items() if single and not is_folder]
        yield from others(tree, [*parts, *LABELLED, "test_videos", *own])


def _part(tree: Tree, part: str) -> Iterator[Found]:
    """Yield the rows of one folder or zip of videos with its JSON file."""
    if part.endswith(".zip"):
        names, listing, text = packed_table(tree.root / part, "metadata.json")
        folder = f"{part}/{listing}".removesuffix("metadata.json")
        files = {f"{part}/{name}" for name in names}
    else:
        inner = (name for name in tree.folders(part) if tree.has(f"{part}/{name}/metadata.json"))
        if part and not tree.has(f"{part}/metadata.json"):
            part = f"{part}/{next(inner, '')}".rstrip("/")
        folder = f"{part}/" if part else ""
        text = tree.text(f"{folder}metadata.json")
        files = {f"{folder}{name}" for name in tree.entries(part)}
    where = f"{folder}metadata.json"
    listed = set()
    for name, entry in pairs(read_json(text, where)):
        path = f"{folder}{name}"
        listed.add(path)
        facts = {key: str(value) for key, value in pairs(entry) if value is not None}
        yield _row(path, where, facts, there=path in files)
    yield from strays(sorted(files - listed), where, NOT_LISTED)


def _labelled(tree: Tree, folder: str, split: str) -> Iterator[Found]:
    """Yield the rows of a test set, which has a table."""
    files = {name.rpartition("/")[2]: name for name in tree.files(folder) if is_video(name)}
    table = read_table(
        tree.text(f"{folder}/labels.csv"), ("filename", "label"), f"{folder}/labels.csv"
    )
    listed = set()
    for item in table:
        if isinstance(item, Problem):
            yield item
            continue
        place, cells = item
        name = cells["filename"]
        listed.add(name)
        path = files.get(name, f"{folder}/{name}")
        yield _row(path, place, {"label": cells["label"], "split": split}, there=name in files)
    yield from strays(
        (files[name] for name in files.keys() - listed), f"{folder}/labels.csv", NOT_LISTED
    )


def _row(path: str, where: str, facts: dict[str, Any], *, there: bool) -> Found:
    label = LABELS.get(facts.get("label", "").strip().upper())
    if label is None:
        return Problem(path, f"{where}: '{facts.get('label', '')}'", UNKNOWN_LABEL)
    original = stem(facts.get("original", "")) or None
    return {
        "video_id": stem(path),
        "path": path,
        "label": label,
        "method": "dfdc" if label else None,
        "original_id": original,
        "group_id": original or stem(path),
        "dataset": "dfdc",
        "split": facts.get("split") or None,
        "frames": None if there else 0,
        "note": None if there else ABSENT,
        "where": where,
    }
