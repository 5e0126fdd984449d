"""Which frames a folder of pictures holds, from the names alone, each archive listed once."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from unmask.data.sources.reading import is_picture, members
from unmask.data.unpack import archive_of, frame_of

Frames = dict[int, int]
"""Frame number -> pictures of it, one a face; in order of the numbers."""


def list_frames(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, Frames]]:
    """Yield each path that is a folder of pictures named by frames, with what it holds.

    Single files, folders with other names in them and what is not there are passed over.

    Args:
        root: folder that the paths are relative to.
        paths: of manifest rows; a zip or tar on the way counts as a folder.

    Raises:
        DataError: an archive cannot be read.
    """
    inside: dict[str | None, set[str]] = defaultdict(set)
    for path in paths:
        archive = archive_of(path)
        packed = archive is not None and (root / archive).is_file()
        inside[archive if packed else None].add(path)
    for path in sorted(inside.pop(None, ())):
        if (root / path).is_dir():
            with os.scandir(root / path) as entries:
                yield from _counted(path, [entry.name for entry in entries])
    for archive, wanted in sorted(inside.items(), key=str):
        names = defaultdict(list)
        for member in members(root / str(archive)):
            folder, _, name = f"{archive}/{member}".rpartition("/")
            if folder in wanted:
                names[folder].append(name)
        for path in sorted(names):
            yield from _counted(path, names[path])


def _counted(path: str, names: Iterable[str]) -> Iterator[tuple[str, Frames]]:
    pictures = [frame_of(name) for name in names if is_picture(name) and not name.startswith(".")]
    if pictures and None not in pictures:
        counts = Counter(frame for frame, _ in filter(None, pictures))
        yield path, dict(sorted(counts.items()))
