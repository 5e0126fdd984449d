"""WildDeepfake: sequences of face pictures from videos found on the internet.

    <root>/[deepfake_in_the_wild/]<real|fake>_<train|test>/     "real train" and "real-train" too
        <n>.tar.gz             each with <n>/<real|fake>/<sequence>/<frame>.png; read in place
        <n>/…/<frame>.png      or the same, unpacked, at any depth

One row a sequence. What was cut from one video has one number ``<n>``, and that is the family:
which fake came from which real video is not known. A ``.tar.gz`` has no index, so each is
decompressed once to learn its sequences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import SOURCES, UNREADABLE, Found, Problem
from unmask.data.sources.reading import Tree, members, others, sequences, strays
from unmask.errors import DataError

HOME = "deepfake_in_the_wild"
PART = re.compile(r"(real|fake)[_ -](train|test)$")


@SOURCES.register("wilddeepfake")
class WildDeepfake:
    """WildDeepfake's sequences, in archives or folders."""

    def recognises(self, root: Path) -> bool:
        """Say whether one of the four parts has its folder."""
        homes = [root, root / HOME]
        return any(PART.match(path.name) for h in homes if h.is_dir() for path in h.iterdir())

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a sequence."""
        tree = Tree(root)
        home = HOME if HOME in tree.folders() else ""
        parts = [match for name in tree.folders(home) if (match := PART.match(name))]
        for part in parts:
            yield from _part(tree, f"{home}/{part[0]}".lstrip("/"), *part.groups())
        yield from others(tree, [HOME, *(part[0] for part in parts)])


def _part(tree: Tree, folder: str, label: str, split: str) -> Iterator[Found]:
    for name, is_folder in tree.entries(folder).items():
        path = f"{folder}/{name}"
        number = name.removesuffix(".tar.gz")
        if is_folder:
            files = list(tree.files(path))
        elif number != name:
            try:
                files = [f"{path}/{member}" for member in members(tree.root / path)]
            except DataError as error:
                yield Problem(path, str(error), UNREADABLE)
                continue
        else:
            yield from strays([path], folder)
            continue
        for sequence, frames in sequences(files).items():
            yield {
                "video_id": sequence,
                "path": sequence,
                "label": int(label == "fake"),
                "group_id": f"{label}_{split}/{number}",
                "dataset": "wilddeepfake",
                "split": split,
                "frames": frames,
            }
