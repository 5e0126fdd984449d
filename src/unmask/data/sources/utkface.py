"""UTKFace: real faces, in a folder or zip, optionally below ``train/`` and ``val/``.

<root>/*.zip or <root>/
    [train|val|test/]<age>_<sex>_<ethnicity>_<time>.jpg
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from unmask.data.sources.base import SOURCES, UNREADABLE, Found, Problem
from unmask.data.sources.reading import Tree, is_picture, members, strays
from unmask.errors import DataError

NAME = re.compile(r"\d+_[01]_[0-4]_\d+(\.jpg)+$")
FOLDERS = ("train", "val", "test")
GLANCE = 100


@SOURCES.register("utkface")
class UtkFace:
    """Real photographs with age, sex and ethnicity in their names."""

    def recognises(self, root: Path) -> bool:
        """Say whether the first pictures in the folder, or its first zip, have such names."""
        for home in (root, *(root / name for name in FOLDERS)):
            if any(NAME.match(path.name) for path in islice(home.glob("*.jpg"), GLANCE)):
                return True
        try:
            names = members(next(iter(sorted(root.glob("*.zip")))))
        except (StopIteration, DataError):
            return False
        return any(NAME.match(PurePosixPath(name).name) for name in names[:GLANCE])

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a picture, all real; the split is the name of its folder, if any."""
        tree = Tree(root)
        paths = list(tree.files())
        for archive in [path for path in paths if path.endswith(".zip")]:
            try:
                paths += [f"{archive}/{name}" for name in members(root / archive)]
            except DataError as error:
                yield Problem(archive, str(error), UNREADABLE)
        yield from _rows(sorted(filter(is_picture, paths)))


def _rows(paths: Iterable[str]) -> Iterator[Found]:
    for name in paths:
        path = PurePosixPath(name)
        if not NAME.match(path.name):
            yield from strays([name], "root")
            continue
        yield {
            "video_id": path.stem,
            "path": name,
            "label": 0,
            "group_id": path.stem,
            "dataset": "utkface",
            "split": path.parent.name if path.parent.name in FOLDERS else None,
            "frames": 1,
        }
