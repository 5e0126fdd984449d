"""FFIW10K: videos of several people, of whom one or a few are forged.

    <root>/[FFIW10K-v1-release*/]source/<train|val|test>/[videos/]<name>.mp4      real
    <root>/[FFIW10K-v1-release*/]target/<train|val|test>/[videos/]<name>.mp4      fake
    <root>/[FFIW10K-v1-release*/]target_mask/…                                    named in the note

The folders are the official split. Source and target of one name count as one family; that the one
was made from the other is not documented, so ``original_id`` stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import SOURCES, Found
from unmask.data.sources.reading import SPLIT_FOLDERS, Tree, bare, is_video, others, stem, strays

INNER = "FFIW10K-v1-release*"
LABELS = {"source": 0, "target": 1}


@SOURCES.register("ffiw")
class Ffiw:
    """FFIW10K with its official split."""

    def recognises(self, root: Path) -> bool:
        """Say whether sources and targets, split, have their folders."""
        return any(
            (home / kind / split).is_dir()
            for home in (root, *root.glob(INNER))
            for kind in LABELS
            for split in SPLIT_FOLDERS
        )

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video."""
        tree = Tree(root)
        homes = [f"{path.name}/" for path in sorted(root.glob(INNER)) if path.is_dir()] or [""]
        for home in homes:
            masks = {stem(path): path for path in tree.files(f"{home}target_mask")}
            for kind, label in LABELS.items():
                for path in tree.files(f"{home}{kind}"):
                    yield from _row(path, path.removeprefix(home).split("/"), label, masks)
        yield from others(tree, [*LABELS, "target_mask", *(home.rstrip("/") for home in homes)])


def _row(path: str, parts: list[str], label: int, masks: dict[str, str]) -> Iterator[Found]:
    split = SPLIT_FOLDERS.get(parts[1])
    if split is None or not is_video(path):
        yield from strays([path], "root")
        return
    mask = masks.get(stem(path)) if label else None
    yield {
        "video_id": bare(path).replace("/videos/", "/"),
        "path": path,
        "label": label,
        "group_id": f"{split}/{stem(path)}",
        "dataset": "ffiw",
        "split": split,
        "note": f"mask: {mask}" if mask else None,
    }
