"""A plain folder of real and fake media.

    <root>/[<train|val|test>/]real/<file>                any image or video; "Real" and "REAL" too
    <root>/[<train|val|test>/]fake/<file>
    <root>/[<train|val|test>/]<real|fake>/<folder>/…     at any depth

The split is that of the folder, if there are such folders. Pictures named by frame numbers in a
folder of their own are one video; any other file is a row of its own. A fake with the very name of
a real one, in the same split, is taken to come from it; name files so, or use a ``labels.csv``
(see `labelled`), where families must not be cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import SOURCES, Found
from unmask.data.sources.reading import (
    SPLIT_FOLDERS,
    Tree,
    bare,
    is_media,
    is_picture,
    others,
    stem,
)

LABELS = {"real": 0, "fake": 1}
FRAME = re.compile(r"\d+(_\d+)?$")


@SOURCES.register("real-fake")
class RealFake:
    """Two folders, one for each label."""

    def recognises(self, root: Path) -> bool:
        """Say whether there are both folders, in the root or below a split."""
        tree = Tree(root)
        return any(len(_sides(tree, home)) == 2 for home in ("", *SPLIT_FOLDERS))

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a file or folder of frames."""
        tree = Tree(root)
        for home, split in (("", None), *SPLIT_FOLDERS.items()):
            reals: dict[str, str] = {}  # filled first: `_sides` gives the real side first
            for folder, label in _sides(tree, home).items():
                for path, frames in _videos(tree, folder).items():
                    within = bare(path).removeprefix(f"{folder}/")
                    if not label:
                        reals[within] = path
                    yield {
                        "video_id": path,
                        "path": path,
                        "label": label,
                        "original_id": reals.get(within) if label else None,
                        "group_id": f"{home}/{within}".lstrip("/"),
                        "dataset": root.resolve().name,
                        "split": split,
                        "frames": frames,
                    }
        yield from others(tree, [*SPLIT_FOLDERS, *_sides(tree, "")])


def _sides(tree: Tree, home: str) -> dict[str, int]:
    """Return folder -> label of the folders of real and of fake media, the real one first."""
    found = {
        f"{home}/{name}".lstrip("/"): LABELS[name.lower()]
        for name in tree.folders(home)
        if name.lower() in LABELS
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _videos(tree: Tree, top: str) -> dict[str, int | None]:
    """Return path -> number of pictures of each file or folder of frames; None for a video."""
    files: dict[str, int | None] = {}
    frames: Counter[str] = Counter()
    for path in filter(is_media, tree.files(top)):
        folder = path.rpartition("/")[0]
        if folder != top and is_picture(path) and FRAME.match(stem(path)):
            frames[folder] += 1
        else:
            files[path] = 1 if is_picture(path) else None
    return {**files, **frames}
