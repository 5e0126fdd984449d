"""Which files of a folder are worth opening."""

from __future__ import annotations

import os
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .avif .bmp .gif .tif .tiff .heic .heif".split()
)
VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .qt .3gp .3g2 .mj2 .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .vob .flv .f4v "
    ".ogv .ogg .wmv .asf .ivf".split()
)


def looks_like_media(path: str | Path) -> bool:
    """Whether a folder run should try ``path``: a known suffix, or none at all.

    Only a guess that keeps notes and tables out of a folder run; when the file is opened its
    content decides.
    """
    suffix = Path(path).suffix.lower()
    return not suffix or suffix in IMAGE_SUFFIXES or suffix in VIDEO_SUFFIXES


def list_media(folder: str | Path) -> list[Path]:
    """The files under ``folder`` that look like media, at any depth, sorted by path.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            path
            for name in names
            if not name.startswith(".") and looks_like_media(name)
            if (path := Path(root, name)).is_file()
        ]
    return sorted(found)
