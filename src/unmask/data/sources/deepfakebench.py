"""DeepfakeBench's lists of frames.

    <root>/<name>.json, <root>/dataset_json/<name>.json
        {dataset: {label: {train|val|test: {[raw|c23|c40:] {video: {"label": …, "frames": […]}}}}}}
    <root>/<path of a frame as listed>      of an absolute path, the part that lies in the root

The compression level is there for FaceForensics++, DFD and FaceShifter alone. One row a video: its
folder of frames. The lists put some videos in several splits (fakes that the official files do not
name, and Celeb-DF's test set): each is kept once, in the strictest, and reported. Originals and
families come from the names of FaceForensics++, DFD and Celeb-DF; elsewhere a video is its own
family.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from unmask.data.sources.base import ABSENT, SOURCES, UNKNOWN_LABEL, Found, Problem
from unmask.data.sources.families import CELEB, DFD, FFPP, Families, keep_whole
from unmask.data.sources.reading import COMPRESSIONS, Tree, others, pairs, read_json

FOLDER = "dataset_json"
SHAPE = re.compile(r'\s*\{\s*"[^"]+"\s*:\s*\{\s*"[^"]+"\s*:\s*\{\s*"(train|val|test)"')
FAKES = ("FF-DF", "FF-F2F", "FF-FS", "FF-NT", "FF-FH", "FF-SH")
FF_LISTS = (*FAKES, "FaceForensics++", "FaceShifter")
"""Lists that repeat the originals of FaceForensics++: one dataset, whichever list is read."""


class Entry(NamedTuple):
    """One video as listed; ``folder`` is that of its frames."""

    where: str
    dataset: str
    label: str
    split: str
    compression: str | None
    name: str
    folder: str
    frames: int


@SOURCES.register("deepfakebench")
class DeepfakeBench:
    """The videos of DeepfakeBench's JSON files."""

    def recognises(self, root: Path) -> bool:
        """Say whether a JSON file starts in DeepfakeBench's manner."""
        return any(_lists(root))

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video of each list."""
        tree = Tree(root)
        entries = [entry for file in _lists(root) for entry in _read(tree, file)]
        families = Families()
        for entry in entries:
            if match := FFPP.match(entry.name):
                families.join(*match.groups())
        cut = _outside(tree, [entry.folder for entry in islice(entries, 100)])
        yield from keep_whole(_row(tree, entry, cut, families) for entry in entries)
        yield from others(tree, tree.folders())


def _lists(root: Path) -> Iterator[Path]:
    for path in sorted([*root.glob("*.json"), *root.glob(f"{FOLDER}/*.json")]):
        with path.open(encoding="utf-8", errors="replace") as file:
            if SHAPE.match(file.read(2000)):
                yield path


def _read(tree: Tree, file: Path) -> Iterator[Entry]:
    where = file.relative_to(tree.root).as_posix()
    for dataset, labels in pairs(read_json(tree.text(where), where)):
        for label, splits in pairs(labels):
            for split, videos in pairs(splits):
                for compression, name, entry in _videos(videos):
                    frames = dict(pairs(entry)).get("frames") or [""]
                    folder = str(frames[0]).replace("\\", "/").rpartition("/")[0]
                    yield Entry(
                        f"{where}: {dataset}, {label}, {split}",
                        "FaceForensics++" if dataset in FF_LISTS else dataset,
                        label,
                        split,
                        compression,
                        name,
                        folder,
                        len(frames),
                    )


def _videos(videos: Any) -> Iterator[tuple[str | None, str, Any]]:
    """Yield compression, name and entry of each video, whether there is a compression or not."""
    for name, entry in pairs(videos):
        if name in COMPRESSIONS:
            yield from ((name, inner, content) for inner, content in pairs(entry))
        else:
            yield None, name, entry


def _outside(tree: Tree, folders: list[str]) -> int:
    """Return how many leading parts of the paths lie outside the root."""
    for folder in folders:
        parts = folder.split("/")
        for number in range(len(parts)):
            if tree.has("/".join(parts[number:])):
                return number
    return 0


def _row(tree: Tree, entry: Entry, cut: int, families: Families) -> Found:
    path = "/".join(entry.folder.split("/")[cut:])
    fake = entry.label in FAKES or "fake" in entry.label.lower()
    if not fake and "real" not in entry.label.lower():
        return Problem(path, f"{entry.where}: {entry.name}", UNKNOWN_LABEL)
    original = _original(entry.name) if fake else None
    there = bool(path) and tree.has(path)
    return {
        "video_id": _id(entry.label, entry.compression, entry.name),
        "path": path or f"{entry.label}/{entry.name}",
        "label": int(fake),
        "method": entry.label if fake else None,
        "original_id": _id(_real(entry.label), entry.compression, original) if original else None,
        "group_id": families[original or entry.name],
        "dataset": entry.dataset,
        "split": entry.split,
        "compression": entry.compression,
        "frames": entry.frames if there else 0,
        "note": None if there else ABSENT,
        "where": entry.where,
    }


def _id(*parts: str | None) -> str:
    return "/".join(part for part in parts if part)


def _real(label: str) -> str:
    """Return the label of the originals of the fakes with this label."""
    return "FF-real" if label in FAKES else re.sub("([fF])ake", _like_fake, label)


def _like_fake(match: re.Match[str]) -> str:
    return "Real" if match[1] == "F" else "real"


def _original(name: str) -> str | None:
    if match := FFPP.match(name):
        return match[1]
    if match := CELEB.match(name):
        return f"{match[1]}_{match[2]}"
    if match := DFD.match(name):
        return f"{match[1]}__{match[3]}"
    return None
