"""Reading a dataset's folders, archives, tables and JSON files, each once."""

from __future__ import annotations

import csv
import io
import json
import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from unmask.data.sources.base import HEADER_AGAIN, NO_NAME, STRAY, Problem
from unmask.errors import DataError
from unmask.media.listing import IMAGE_SUFFIXES, VIDEO_SUFFIXES

BAD_ARCHIVE: Final = (
    *(OSError, EOFError, RuntimeError, ValueError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
)
COMPRESSIONS: Final = ("raw", "c0", "c23", "c40")
"""FaceForensics++'s levels: ``raw`` and ``c0`` are the same, ``c40`` is the strongest."""

SPLIT_FOLDERS: Final = {"train": "train", "val": "val", "valid": "val", "test": "test"}
"""How the datasets that lay their splits out as folders name them."""


class Tree:
    """A dataset's folder; each directory is listed once, whatever is asked of it.

    Paths are relative to the root, with ``/``. Hidden entries are left out. A link to a folder is
    followed once, so that a loop ends.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[str, dict[str, bool]] = {}
        self._linked = {os.path.realpath(root)}

    def entries(self, folder: str = "") -> dict[str, bool]:
        """Return name -> is it a folder, sorted by name; empty where there is no such folder."""
        if folder not in self._folders:
            try:
                with os.scandir(self.root / folder) as found:
                    self._folders[folder] = {
                        entry.name: self._is_folder(entry)
                        for entry in sorted(found, key=lambda entry: entry.name)
                        if not entry.name.startswith(".")
                    }
            except (FileNotFoundError, NotADirectoryError):
                self._folders[folder] = {}
            except OSError as error:
                raise DataError(f"{self.root / folder}: cannot be listed ({error})") from error
        return self._folders[folder]

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_dir():
            return False
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if target in self._linked:
                return False
            self._linked.add(target)
        return True

    def folders(self, folder: str = "") -> list[str]:
        """Return the names of the folders in a folder."""
        return [name for name, is_folder in self.entries(folder).items() if is_folder]

    def files(self, folder: str = "") -> Iterator[str]:
        """Yield the path of every file below a folder, at any depth, folder by folder."""
        for name, is_folder in self.entries(folder).items():
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from self.files(path)
            else:
                yield path

    def has(self, path: str) -> bool:
        """Say whether there is such a file or folder, without leaving the root."""
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts or path.startswith("/"):
            return False
        return parts[-1] in self.entries("/".join(parts[:-1]))

    def text(self, path: str) -> str:
        """Return a text file's content.

        Raises:
            DataError: there is none, or it is not text in UTF-8.
        """
        try:
            return (self.root / path).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise DataError(f"{self.root / path}: cannot be read ({error})") from error


def bare(path: str) -> str:
    """Return the path without its suffix."""
    head, _, last = path.rpartition(".")
    return head if head and "/" not in last and not head.endswith("/") else path


def stem(path: str) -> str:
    """Return the last part of a path without its suffix."""
    return bare(path.rpartition("/")[2])


def is_picture(path: str) -> bool:
    """Say whether the name is that of a still."""
    return path[len(bare(path)) :].lower() in IMAGE_SUFFIXES


def is_video(path: str) -> bool:
    """Say whether the name is that of a video."""
    return path[len(bare(path)) :].lower() in VIDEO_SUFFIXES


def is_media(path: str) -> bool:
    """Say whether the name is that of a still or a video."""
    return is_picture(path) or is_video(path)


def strays(paths: Iterable[str], where: str, reason: str = STRAY) -> Iterator[Problem]:
    """Yield a problem for each video among the paths, and one for each folder of pictures."""
    pictures: Counter[str] = Counter()
    for path in paths:
        folder, _, _ = path.rpartition("/")
        if is_video(path) or (is_picture(path) and not folder):
            yield Problem(path, where, reason)
        elif is_picture(path):
            pictures[folder] += 1
    for folder, count in pictures.items():
        yield Problem(folder, f"{where}: {count} pictures", reason)


def others(tree: Tree, known: Iterable[str]) -> Iterator[Problem]:
    """Yield the media below the root's entries that are not among the known ones."""
    left = tree.entries().keys() - set(known)
    for name in sorted(left):
        yield from strays(tree.files(name) if tree.entries()[name] else [name], "root")


def sequences(paths: Iterable[str]) -> dict[str, int]:
    """Return folder -> number of pictures, for every folder that holds pictures."""
    return Counter(path.rpartition("/")[0] for path in paths if is_picture(path))


def members(archive: Path) -> list[str]:
    """Return the files in a zip or tar, from its index if it has one.

    A ``.tar.gz`` has none and is decompressed to its end.

    Raises:
        DataError: it is no readable archive.
    """
    try:
        if archive.suffix.lower() == ".zip":
            with zipfile.ZipFile(archive) as file:
                return [name for name in file.namelist() if not name.endswith("/")]
        with tarfile.open(archive) as tar:
            return [info.name.removeprefix("./") for info in tar if info.isfile()]
    except BAD_ARCHIVE as error:
        raise DataError(f"{archive}: not a readable archive ({error})") from error


def packed_table(archive: Path, name: str) -> tuple[list[str], str, str]:
    """Return the files in a zip, the path of the one of this name among them, and its text.

    Raises:
        DataError: it is no readable zip, or holds no such file in UTF-8.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            files = [path for path in file.namelist() if not path.endswith("/")]
            table = min((path for path in files if path.endswith(name)), key=len, default=name)
            return files, table, file.read(table).decode("utf-8-sig")
    except (*BAD_ARCHIVE, KeyError) as error:
        raise DataError(f"{archive}: not a readable batch with a {name} ({error})") from error


def read_table(
    text: str, columns: tuple[str, ...], where: str
) -> Iterator[tuple[str, dict[str, str]] | Problem]:
    """Yield the place (file and line) and stripped cells of each row of a CSV table.

    The first of the columns is the file name: a row without it is a problem, as is a header that
    comes again, which merged tables have. Columns are found by name; there may be more.

    Raises:
        DataError: a column is missing, or it is no table.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in columns if name not in header]
        if missing:
            raise DataError(f"{where}: no column '{missing[0]}'. It must have {', '.join(columns)}")
        reader.fieldnames = header
        for row in reader:
            place = f"{where}, line {reader.line_num}"
            cells = {name: (row[name] or "").strip() for name in header}
            if all(cells[name] == name for name in columns):
                yield Problem(where, place, HEADER_AGAIN)
            elif not cells[columns[0]]:
                yield Problem(where, place, NO_NAME)
            else:
                yield place, cells
    except csv.Error as error:
        raise DataError(f"{where}: not a readable table ({error})") from error


def read_json(text: str, where: str) -> Any:
    """Return what a JSON text holds; an object as a list of (key, value), so that none is lost.

    Raises:
        DataError: it is no JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not readable as JSON ({error})") from error


def pairs(value: Any) -> list[tuple[str, Any]]:
    """Return the items of an object that `read_json` read; none if it was something else."""
    fine = isinstance(value, list) and all(isinstance(item, tuple) for item in value)
    return value if fine else []
