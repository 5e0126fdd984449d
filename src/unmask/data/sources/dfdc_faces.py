"""DFDC faces, in the two forms that the Deepfake Detection Challenge's notebooks used.

Batches of frames (phunghieu):

    <root>/deepfake-detection-faces-part-<i>-<j>.zip      or the same, unpacked to folders
        <video stem>/<frame>.jpg|png       one folder a video; further faces <frame>_<k>.png
        metadata.csv                       filename,split,original,label
    <root>/splits.csv                      optional: videoname,split,identity,…

One face a video (dagnelies):

    <root>/faces_224/<video stem>.jpg      or faces_155; the larger is read if both are there
    <root>/metadata.csv                    videoname,original_width,original_height,label,original
    <root>/splits.csv                      optional, as above

``splits.csv`` overrides the ``split`` column of the metadata, which says ``train`` everywhere.
The family is the original's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
    is_picture,
    others,
    packed_table,
    read_table,
    stem,
)
from unmask.errors import DataError

PATTERN = "deepfake-detection-faces-part-*"
FLAT = ("faces_224", "faces_155")
LABELS = {"REAL": 0, "FAKE": 1}

Splits = dict[str, dict[str, str]]


@SOURCES.register("dfdc-faces")
class DfdcFaces:
    """The faces of DFDC videos, in zips or folders of batches, or one picture a video."""

    def recognises(self, root: Path) -> bool:
        """Say whether a batch, or a folder of faces with its table, lies in the folder."""
        flat = any((root / name).is_dir() for name in FLAT) and (root / "metadata.csv").is_file()
        return flat or any(root.glob(PATTERN))

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a listed video, and a problem for each folder that no table lists."""
        tree = Tree(root)
        splits: Splits = {}
        if tree.has("splits.csv"):
            table = read_table(tree.text("splits.csv"), ("videoname", "split"), "splits.csv")
            for item in table:
                if isinstance(item, Problem):
                    yield item
                else:
                    splits[stem(item[1]["videoname"])] = item[1]
        batches = sorted(path.name for path in root.glob(PATTERN))
        for batch in batches:
            try:
                text, frames = _read_batch(tree, batch)
                yield from _rows(text, batch, frames, splits)
            except DataError as error:
                yield Problem(batch, str(error), UNREADABLE)
        sizes = [name for name in FLAT if name in tree.folders()]
        for size in sizes[1:]:
            yield Problem(size, f"{sizes[0]} is read", "another size of the same faces: left out")
        if sizes:
            files = [f"{sizes[0]}/{name}" for name in tree.entries(sizes[0]) if is_picture(name)]
            pictures = {stem(path): path for path in files}
            yield from _flat_rows(tree.text("metadata.csv"), sizes[0], pictures, splits)
        yield from others(tree, [*batches, *sizes])


def _read_batch(tree: Tree, batch: str) -> tuple[str, Counter[str]]:
    """Return the metadata and the number of frames of each video."""
    if batch.endswith(".zip"):
        names, _, text = packed_table(tree.root / batch, "metadata.csv")
    else:
        names = [name.removeprefix(f"{batch}/") for name in tree.files(batch)]
        text = tree.text(f"{batch}/metadata.csv")
    return text, Counter(name.split("/")[0] for name in names if "/" in name and is_picture(name))


def _rows(text: str, batch: str, frames: Counter[str], splits: Splits) -> Iterator[Found]:
    listed = set()
    for item in read_table(text, ("filename", "original", "label"), f"{batch}/metadata.csv"):
        if isinstance(item, Problem):
            yield item
            continue
        place, cells = item
        name = stem(cells["filename"])
        listed.add(name)
        yield _row(f"{batch}/{name}", frames[name], place, cells, splits.get(name, {}))
    for name in sorted(frames.keys() - listed):
        yield Problem(f"{batch}/{name}", f"{batch}/metadata.csv", NOT_LISTED)


def _flat_rows(text: str, size: str, pictures: dict[str, str], splits: Splits) -> Iterator[Found]:
    listed = set()
    for item in read_table(text, ("videoname", "label", "original"), "metadata.csv"):
        if isinstance(item, Problem):
            yield item
            continue
        place, cells = item
        name = stem(cells["videoname"])
        listed.add(name)
        path = pictures.get(name, f"{size}/{name}.jpg")
        yield _row(path, int(name in pictures), place, cells, splits.get(name, {}))
    for name in sorted(pictures.keys() - listed):
        yield Problem(pictures[name], "metadata.csv", NOT_LISTED)


def _row(path: str, frames: int, place: str, cells: dict[str, str], split: dict[str, str]) -> Found:
    label = LABELS.get(cells["label"].upper())
    if label is None:
        return Problem(path, f"{place}: '{cells['label']}'", UNKNOWN_LABEL)
    original = stem(cells["original"]) or None
    name = stem(path)
    return {
        "video_id": name,
        "path": path,
        "label": label,
        "method": "dfdc" if label else None,
        "original_id": original,
        "group_id": original or name,
        "identity": split.get("identity") or None,
        "dataset": "dfdc-faces",
        "split": split.get("split") or cells.get("split") or None,
        "frames": frames,
        "note": None if frames else ABSENT,
        "where": place,
    }
