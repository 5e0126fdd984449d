"""DFD, the DeepFakeDetection videos that Google filmed with actors.

    <root>/original_sequences/actors/<compression>/videos/<actor>__<scene>.mp4
    <root>/manipulated_sequences/DeepFakeDetection/<compression>/videos/
        <target>_<source>__<scene>__<8 characters>.mp4
    <root>/manipulated_sequences/DeepFakeDetection/masks/videos/<as the fake>.mp4

A fake comes from ``<target>__<scene>``, in its own compression. The identity is the actor filmed;
the face put over it is another actor's. There is no official split. Where the YouTube videos of
FaceForensics++ lie in the same tree, `ffpp` is the source that is recognised and reads both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from unmask.data.sources.base import SOURCES, UNKNOWN_NAME, Found, Problem
from unmask.data.sources.families import DFD
from unmask.data.sources.reading import Tree, is_video, stem, strays

REAL, FAKE = "actors", "DeepFakeDetection"


@SOURCES.register("dfd")
class DeepFakeDetection:
    """DFD's videos, without those of FaceForensics++."""

    def recognises(self, root: Path) -> bool:
        """Say whether DFD's folders are there, and none of FaceForensics++'s own."""
        names = {
            path.name
            for top in ("original_sequences", "manipulated_sequences")
            if (root / top).is_dir()
            for path in (root / top).iterdir()
            if path.is_dir()
        }
        return bool(names) and names <= {REAL, FAKE}

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video in a compression."""
        tree = Tree(root)
        yield from rows(tree.files(f"original_sequences/{REAL}"))
        yield from rows(tree.files(f"manipulated_sequences/{FAKE}"))


def rows(paths: Iterable[str]) -> Iterator[Found]:
    """Yield the rows of DFD's files, given by their paths in the tree."""
    paths = list(paths)
    masks = {path for path in paths if "/masks/" in path}
    for path in paths:
        parts = path.split("/")
        if path in masks:
            continue
        if len(parts) != 5 or parts[3] != "videos" or not is_video(path):
            yield from strays([path], "root")
            continue
        top, method, compression = parts[:3]
        name = stem(path)
        fake = method == FAKE
        match = DFD.match(name) if fake else None
        original = f"{match[1]}__{match[3]}" if match else None
        if fake and not match:
            yield Problem(path, method, UNKNOWN_NAME)
        mask = f"{top}/{method}/masks/videos/{parts[4]}"
        yield {
            "video_id": f"{method}/{compression}/{name}",
            "path": path,
            "label": int(fake),
            "method": FAKE if fake else None,
            "original_id": f"{REAL}/{compression}/{original}" if original else None,
            "group_id": original or name,
            "identity": (original or name).partition("__")[0] if original or not fake else None,
            "dataset": "dfd",
            "compression": compression,
            "note": f"mask: {mask}" if mask in masks else None,
        }
