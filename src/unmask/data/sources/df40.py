"""DF40: forty ways of forging, as frames; the real videos of most come with other datasets.

    <root>/DF40/<method>/<ff|cdf>/[frames/]<video>/<frame>.png       for testing
    <root>/DF40/<method>/<fake|real>/…                               methods with reals of their own
    <root>/DF40_train/<method>/[ff/][frames/]<video>/<frame>.png     for training
    … also <image>.png or <video>.mp4 in place of a folder of frames

The root may be ``DF40`` or ``DF40_train`` itself. ``ff`` was made from FaceForensics++ and ``cdf``
from Celeb-DF: their names give the families, but their originals lie in those datasets, so that
``original_id`` stays empty. Landmarks and masks are left aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import SOURCES, Found
from unmask.data.sources.families import CELEB, FFPP, FFPP_REAL, Families, keep_whole
from unmask.data.sources.reading import Tree, is_media, is_picture, others, stem, strays
from unmask.errors import DataError

PARTS = {"DF40": "test", "DF40_train": "train"}
DOMAINS = ("ff", "cdf", "fake", "real")
BOXES = ("frames", "videos", "images")
ASIDE = ("landmarks", "masks")


@SOURCES.register("df40")
class Df40:
    """DF40's training and testing parts."""

    def recognises(self, root: Path) -> bool:
        """Say whether the root is one of the two parts, or holds one."""
        return root.name in PARTS or any((root / name).is_dir() for name in PARTS)

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a video or image."""
        tree = Tree(root)
        parts = {f"{name}/": split for name, split in PARTS.items() if name in tree.folders()}
        if not parts and root.name in PARTS:
            parts = {"": PARTS[root.name]}
        if not parts:
            raise DataError(f"{root}: neither is nor holds {' or '.join(PARTS)}")
        videos: Counter[tuple[str, str]] = Counter()
        for part in parts:
            for path in filter(is_media, tree.files(part.rstrip("/"))):
                videos.update(_video(part, path))
        families = Families()
        for _, video in videos:
            if match := FFPP.match(stem(video)):
                families.join(f"ff/{match[1]}", f"ff/{match[2]}")
        yield from keep_whole(
            _row(part, parts[part], video, count, families)
            for (part, video), count in videos.items()
        )
        for part in parts:
            yield from strays((f"{part}{name}" for name in tree.entries(part.rstrip("/"))), "root")
        if "" not in parts:
            yield from others(tree, PARTS)


def _video(part: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield part and path of the video or image that a file belongs to, if it does to one."""
    within = path.removeprefix(part).split("/")
    if len(within) > 1 and not set(within) & set(ASIDE):
        frame = is_picture(path) and any(map(_names_a_video, within[1:-1]))
        yield part, path.rpartition("/")[0] if frame else path


def _names_a_video(folder: str) -> bool:
    return folder.lower() not in (*DOMAINS, *BOXES)


def _row(part: str, split: str, video: str, count: int, families: Families) -> Found:
    method, *folders = video.removeprefix(part).split("/")
    kinds = [folder.lower() for folder in folders]
    domain = next((kind for kind in kinds if kind in DOMAINS), "ff")
    name = stem(video)
    group = f"{method}/{name}"
    if domain == "ff" and (match := FFPP.match(name) or FFPP_REAL.match(name)):
        group = families[f"ff/{match[1]}"]
    elif domain == "cdf" and (match := CELEB.match(name)):
        group = f"cdf/{match[1]}_{match[2]}"
    fake = "real" not in kinds
    return {
        "video_id": video,
        "path": video,
        "label": int(fake),
        "method": method if fake else None,
        "group_id": group,
        "dataset": "df40",
        "split": split,
        "frames": None if is_media(video) and not is_picture(video) else count,
    }
