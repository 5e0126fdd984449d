"""UTKFace: real faces, in a folder or zip, optionally below ``train/`` and ``val/``.

<root>/*.zip or <root>/
    [train|val/]<age>_<sex>_<ethnicity>_<time>.jpg
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from unmask.data.sources.base import SOURCES

NAME = re.compile(r"\d+_[01]_[0-4]_\d+(\.jpg)+$")


@SOURCES.register("utkface")
class UtkFace:
    """Real photographs with age, sex and ethnicity in their names."""

    def recognises(self, root: Path) -> bool:
        """Say whether a picture named in UTKFace's manner lies in the folder or its zips."""
        return next(_names(root), None) is not None

    def scan(self, root: Path) -> Iterator[dict[str, Any]]:
        """Yield one row a picture, all real; the split is the name of its folder, if any."""
        for name in sorted(_names(root)):
            path = PurePosixPath(name)
            split = path.parent.name if path.parent.name in ("train", "val", "test") else None
            yield {
                "video_id": path.stem,
                "path": name,
                "label": 0,
                "group_id": path.stem,
                "dataset": "utkface",
                "split": split,
                "frames": 1,
            }


def _names(root: Path) -> Iterator[str]:
    for archive in sorted(root.glob("*.zip")):
        with zipfile.ZipFile(archive) as file:
            yield from (f"{archive.name}/{n}" for n in file.namelist() if NAME.search(n))
    for path in root.rglob("*.jpg"):
        if NAME.search(path.name):
            yield path.relative_to(root).as_posix()
