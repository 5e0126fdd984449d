"""Folders and object stores: one way to list files, to fetch them and to keep results.

What holds ``://`` is an address that fsspec opens, such as ``s3://bucket/folder``; all else is a
path. fsspec comes with the extra ``cluster``, and what opens a kind of store (s3fs, gcsfs, …) is
installed beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from unmask.errors import DataError, MissingExtraError, UnreadableError

CHUNK = 2**22  # bytes copied at a time


def is_address(place: str | Path) -> bool:
    """Whether fsspec opens it.

    >>> is_address("s3://bucket/a.mp4"), is_address("folder/a.mp4")
    (True, False)
    """
    return "://" in str(place)


def list_files(address: str) -> list[str]:
    """Return the addresses of all files below one, at any depth, sorted; hidden ones left out.

    Raises:
        DataError: it cannot be listed.
    """
    system, root = _open(address)
    try:
        found = system.find(root)
    except (OSError, ValueError) as error:
        raise DataError(f"{address}: cannot be listed ({_why(error)})") from error
    return sorted(
        system.unstrip_protocol(path)
        for path in found
        if not any(part.startswith(".") for part in PurePosixPath(path[len(root) :]).parts)
    )


def is_folder(address: str) -> bool:
    """Whether there are files below an address.

    Raises:
        DataError: the store cannot be reached.
    """
    system, path = _open(address)
    try:
        return bool(system.isdir(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{address}: cannot be reached ({_why(error)})") from error


@contextmanager
def fetched(place: str | Path, most: int | None = None) -> Iterator[Path]:
    """Give a file as one on disk: itself, or a copy of what an address names.

    Args:
        place: path or address.
        most: bytes to copy at most. One more is copied of a file that is larger, so that whoever
            checks its size sees that it is beyond the limit.

    Raises:
        UnreadableError: it cannot be fetched.
    """
    if not is_address(place):
        yield Path(place)
        return
    address = str(place)
    with TemporaryDirectory(prefix="unmask-") as folder:
        copy = Path(folder, PurePosixPath(address).name or "file")
        system, path = _open(address)
        try:
            with system.open(path, "rb") as source, copy.open("wb") as target:
                left = most + 1 if most is not None else None
                while data := source.read(CHUNK if left is None else min(CHUNK, left)):
                    target.write(data)
                    left = None if left is None else left - len(data)
        except (OSError, ValueError) as error:
            raise UnreadableError(address, f"cannot be fetched ({_why(error)})") from error
        yield copy


class Store:
    """Files in one folder, or below one address. Each is whole wherever it is there.

    Args:
        place: path or address; it need not exist.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        self._system: Any = None
        self._root = ""
        if is_address(place):
            self._system, self._root = _open(self.place)

    def names(self) -> set[str]:
        """Return the names of all files."""
        if self._system is None:
            folder = Path(self.place)
            return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        with suppress(FileNotFoundError):
            self._system.invalidate_cache()
            return {PurePosixPath(path).name for path in self._system.ls(self._root, detail=False)}
        return set()

    def read(self, name: str) -> bytes:
        """Return what a file holds.

        Raises:
            OSError: it is not there, or cannot be read.
        """
        if self._system is None:
            return Path(self.place, name).read_bytes()
        data: bytes = self._system.cat_file(f"{self._root}/{name}")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file in one step."""
        if self._system is not None:
            self._system.makedirs(self._root, exist_ok=True)
            self._system.pipe_file(f"{self._root}/{name}", data)
            return
        path = Path(self.place, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{name}.{os.getpid()}.part")
        part.write_bytes(data)
        try:
            part.replace(path)
        except FileNotFoundError:  # swept away by a process that has finished meanwhile
            if not path.exists():
                raise

    def delete(self, name: str) -> None:
        """Delete a file; one that is not there is none."""
        if self._system is None:
            Path(self.place, name).unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):
            self._system.rm_file(f"{self._root}/{name}")

    def sweep(self) -> None:
        """Delete what processes that were killed left half written."""
        for name in self.names():
            if name.startswith(".") and name.endswith(".part"):
                self.delete(name)


class Parts:
    """Numbered Parquet files of a job, each written when its share of the work is done.

    So a job that is started again does only what is left.

    Args:
        store: where they are kept.
        kind: their name before the number.
        origin: what the results depend on, as JSON values; noted beside the parts.

    Raises:
        DataError: the store holds parts of another origin.
    """

    STAMP = "job.json"

    def __init__(self, store: Store, kind: str, origin: Mapping[str, Any]) -> None:
        self.store, self.kind = store, kind
        text = json.dumps(dict(origin), indent=1, sort_keys=True) + "\n"
        names = store.names()
        if self.STAMP in names:
            if store.read(self.STAMP).decode() != text:
                raise DataError(
                    f"{store.place}: holds results of other media, settings or another model; "
                    "use a new folder"
                )
        elif any(name.startswith(f"{kind}-") for name in names):
            raise DataError(f"{store.place}: holds parts of unknown origin; use a new folder")
        else:
            store.write(self.STAMP, text.encode())

    def check_shared(self) -> None:
        """Check, on another machine than the one that began the job, that this is the same store.

        Raises:
            DataError: it is not.
        """
        if self.STAMP not in self.store.names():
            raise DataError(
                f"{self.store.place}: not the same on all machines of the cluster; name a folder "
                "that they share, or an address such as s3://bucket/folder"
            )

    def name(self, number: int) -> str:
        """Return the name of a part."""
        return f"{self.kind}-{number:06d}.parquet"

    def done(self, count: int) -> set[int]:
        """Return the numbers, of the first ``count``, whose part is there."""
        names = self.store.names()
        return {number for number in range(count) if self.name(number) in names}


def _open(address: str) -> tuple[Any, str]:
    """Return the file system of an address and the path in it."""
    try:
        import fsspec  # noqa: PLC0415 - comes with an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"'{address}'", "cluster") from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise DataError(f"{address}: {error}") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{address}: cannot be opened ({_why(error)})") from error
    return system, path.rstrip("/")


def _why(error: BaseException) -> str:
    return " ".join(
        (getattr(error, "strerror", None) or str(error) or type(error).__name__).split()
    )
