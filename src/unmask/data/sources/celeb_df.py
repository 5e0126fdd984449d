"""Celeb-DF, version 2 and ++.

    <root>/Celeb-real/<idA>_<nnnn>.mp4            each of these folders may hold videos/ first
    <root>/YouTube-real/<nnnnn>.mp4
    <root>/Celeb-synthesis/<idA>_<idB>_<nnnn>.mp4                                    version 2
    <root>/Celeb-synthesis/<FaceSwap|FaceReenact|TalkingFace>/<method>/<name>.mp4    ++
    <root>/List_of_testing_videos.txt             "<1 = real | 0 = fake> <folder>/<file>", no header

The list's labels are the other way round from ours; the folder decides, and a line that disagrees
with its folder is a problem. What the list does not name is ``train``; without the list no row has
a split. A fake comes from ``<idA>_<nnnn>``, the person filmed is ``<idA>``. The official list puts
people, and fakes of one original, on both sides: see `families.keep_whole`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import (
    ABSENT,
    LABEL_CONTRADICTS,
    SOURCES,
    UNKNOWN_NAME,
    Found,
    Problem,
)
from unmask.data.sources.families import CELEB, keep_whole
from unmask.data.sources.reading import Tree, bare, is_video, others, stem, strays

FOLDERS = {"Celeb-real": 0, "YouTube-real": 0, "Celeb-synthesis": 1}
LIST = "List_of_testing_videos.txt"
LINE = re.compile(r"([01])\s+(\S.*\.\w+)$")


@SOURCES.register("celeb-df")
class CelebDf:
    """Celeb-DF with its official test list."""

    def recognises(self, root: Path) -> bool:
        """Say whether one of its folders is there."""
        return any((root / name).is_dir() for name in ("Celeb-real", "Celeb-synthesis"))

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video, and one a line of the list whose video is absent."""
        tree = Tree(root)
        yield from keep_whole(_items(tree))
        yield from others(tree, [*FOLDERS, "Youtube-real"])


def _items(tree: Tree) -> Iterator[Found]:
    test: dict[str, int] = {}
    listed = tree.has(LIST)
    for number, line in enumerate(tree.text(LIST).splitlines() if listed else (), start=1):
        match = LINE.match(line.strip())
        path = _official(match[2]) if match else ""
        if match and path.partition("/")[0] in FOLDERS:
            test[path] = 1 - int(match[1])
        elif line.strip():
            yield Problem(line.strip(), f"{LIST}, line {number}", "cannot be understood: left out")
    if not listed:
        yield Problem(LIST, "root", "no official test list: no row has a split")
    paths = [path for folder in [*FOLDERS, "Youtube-real"] for path in tree.files(folder)]
    found = {_official(path): path for path in paths if is_video(path)}
    plus = any(path.startswith("Celeb-synthesis/") and path.count("/") > 1 for path in found)
    for name in sorted(found.keys() | test.keys()):
        label = FOLDERS[name.partition("/")[0]]
        if test.get(name, label) != label:
            yield Problem(name, LIST, LABEL_CONTRADICTS)
            continue
        split = ("test" if name in test else "train") if listed else None
        yield from _row(name, found.get(name), split, "celeb-df++" if plus else "celeb-df-v2")
    yield from strays((path for path in paths if not is_video(path)), "root")


def _official(path: str) -> str:
    """Return a video's path as the list names it, from one on disk or in the list."""
    path = path.strip().replace("\\", "/").replace("/videos/", "/")
    return re.sub(r"^youtube-real/", "YouTube-real/", path, flags=re.IGNORECASE)


def _row(name: str, path: str | None, split: str | None, dataset: str) -> Iterator[Found]:
    folder, _, rest = name.partition("/")
    label = FOLDERS[folder]
    match = CELEB.match(stem(name))
    original = f"Celeb-real/{match[1]}_{match[2]}" if match and label else None
    if label and not original:
        yield Problem(path or name, folder, UNKNOWN_NAME)
    yield {
        "video_id": bare(name),
        "path": path or name,
        "label": label,
        "method": (rest.rpartition("/")[0] or folder) if label else None,
        "original_id": original,
        "group_id": original or bare(name),
        "identity": match[1] if match else None,
        "dataset": dataset,
        "split": split,
        "frames": None if path else 0,
        "note": None if path else ABSENT,
        "where": LIST if split == "test" else folder,
    }
