"""Which files of a folder are worth opening."""

from __future__ import annotations

import os
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    {".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg"}
    | {".png", ".tif", ".tiff", ".webp"}
)
"""Suffixes of stills, lower case. HEIC is among them so that a folder run reports it."""

VIDEO_SUFFIXES = frozenset(
    {".3g2", ".3gp", ".asf", ".avi", ".f4v", ".flv", ".ivf", ".m2ts", ".m4v", ".mj2", ".mkv"}
    | {".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogg", ".ogv", ".qt", ".ts", ".vob", ".webm"}
    | {".wmv"}
)
"""Suffixes of videos, lower case."""


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
