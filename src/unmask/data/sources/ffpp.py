"""FaceForensics++ in every compression, and DeepFakeDetection where it lies in the same tree.

    <root>/original_sequences/youtube/<raw|c0|c23|c40>/videos/<id>.mp4
    <root>/manipulated_sequences/<method>/<compression>/videos/<target>_<source>.mp4
    <root>/manipulated_sequences/<method>/masks/videos/<target>_<source>.mp4      named in the note
    <root>/[splits/]train.json, val.json, test.json       official: lists of id pairs [["a", "b"]]

Methods: Deepfakes, Face2Face, FaceSwap, NeuralTextures, FaceShifter. ``original_sequences/actors``
and ``manipulated_sequences/DeepFakeDetection`` are read as the dataset ``dfd`` (see `dfd`).

A fake comes from ``<target>`` in its own compression and shows the face of ``<source>``: both are
one family, as in the official pairs, whatever the compression.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources import dfd
from unmask.data.sources.base import NO_SPLIT, SOURCES, UNKNOWN_NAME, Found, Problem
from unmask.data.sources.families import FFPP, Families, keep_whole
from unmask.data.sources.reading import (
    COMPRESSIONS,
    Tree,
    is_video,
    others,
    read_json,
    stem,
    strays,
)
from unmask.errors import DataError

REAL, FAKE = "original_sequences", "manipulated_sequences"


@SOURCES.register("ffpp")
class FaceForensics:
    """FaceForensics++ with its official split."""

    def recognises(self, root: Path) -> bool:
        """Say whether the folders of YouTube originals, or of fakes made from them, are there."""
        fakes = root / FAKE
        folders = [path.name for path in fakes.iterdir() if path.is_dir()] if fakes.is_dir() else []
        return (root / REAL / "youtube").is_dir() or bool(set(folders) - {dfd.FAKE})

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video in a compression."""
        tree = Tree(root)
        splits, families = read_split(tree)
        own: list[str] = []
        other: list[str] = []
        for path in (*tree.files(REAL), *tree.files(FAKE)):
            (other if path.split("/")[1] in (dfd.REAL, dfd.FAKE) else own).append(path)
        videos = [path for path in own if is_video(path)]
        masks = {path for path in videos if "/masks/" in path}
        for path in videos:
            if match := FFPP.match(stem(path)):
                families.join(*match.groups())
        if not splits:
            yield Problem("train.json", "root", "no official split files: no row has a split")
        yield from keep_whole(_rows(videos, masks, splits, families))
        pictures = (path for path in own if not is_video(path) and "/masks/" not in path)
        yield from strays(pictures, "root")
        yield from dfd.rows(other)
        yield from others(tree, [REAL, FAKE])


def read_split(tree: Tree) -> tuple[dict[str, str], Families]:
    """Return the official split of each id, and the families that the pairs make."""
    splits: dict[str, str] = {}
    families = Families()
    for split in ("train", "val", "test"):
        name = next((n for n in (f"{split}.json", f"splits/{split}.json") if tree.has(n)), None)
        for pair in read_json(tree.text(name), name) if name else ():
            if not isinstance(pair, list) or len(pair) != 2:
                raise DataError(f"{tree.root}/{name}: must be a list of pairs of ids. Got {pair}")
            families.join(*map(str, pair))
            splits |= dict.fromkeys(map(str, pair), split)
    return splits, families


def _rows(
    videos: list[str], masks: set[str], splits: dict[str, str], families: Families
) -> Iterator[Found]:
    for path in videos:
        parts = path.split("/")
        if path in masks:
            continue
        if len(parts) != 5 or parts[2] not in COMPRESSIONS or parts[3] != "videos":
            yield from strays([path], "root")
            continue
        top, method, compression = parts[:3]
        name = stem(path)
        match = FFPP.match(name)
        original = None
        if top == FAKE and match:
            original = f"{REAL}/youtube/{compression}/{match[1]}"
        elif top == FAKE:
            yield Problem(path, method, UNKNOWN_NAME)
        person = match[1] if match else name
        split = splits.get(person)
        if splits and not split:
            yield Problem(path, "train.json, val.json, test.json", NO_SPLIT)
        mask = f"{FAKE}/{method}/masks/videos/{name}.mp4"
        yield {
            "video_id": f"{top}/{method}/{compression}/{name}",
            "path": path,
            "label": int(top == FAKE),
            "method": method if top == FAKE else None,
            "original_id": original,
            "group_id": families[person],
            "dataset": "ffpp",
            "split": split,
            "compression": compression,
            "note": f"mask: {mask}" if mask in masks else None,
        }
