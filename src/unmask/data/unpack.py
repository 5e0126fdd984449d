"""What a manifest's path names, given as a file or folder on disk, out of archives too.

An archive on the way counts as a folder: ``part.zip/<member>``, ``1.tar.gz/<member>``, where the
member is a file or a folder of pictures. A folder of pictures holds ``<frame>.<suffix>``, and
further faces of a frame as ``<frame>_<k>.<suffix>``; numbers may be padded or not.

Members are unpacked to the system's temporary folder (``TMPDIR``), only those that are wanted and
only as long as they are needed.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from unmask.errors import UnreadableError
from unmask.media import IMAGE_SUFFIXES, Limits

ARCHIVE: Final = r"(?i)^(.+?\.(?:zip|tar\.gz))/"
"""Matches a path that leads into an archive; the first group is the archive."""

_NAME = re.compile(r"(\d+)(?:_(\d+))?")
_DAMAGED = (
    *(OSError, EOFError, RuntimeError, ValueError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
)

Frames = Collection[int] | None
"""Numbers of the frames wanted of a folder; None for all of them."""


def archive_of(path: str) -> str | None:
    """Return the archive that a manifest's path leads into, None if there is none."""
    match = re.match(ARCHIVE, path)
    return match[1] if match else None


def is_tar(archive: str | None) -> bool:
    """Say whether an archive is one that can only be read in order."""
    return archive is not None and archive.lower().endswith(".tar.gz")


def frame_of(name: str) -> tuple[int, int] | None:
    """Return the frame and the number of the face in it that a picture's name says.

    >>> frame_of("a/120.png"), frame_of("120_1.png"), frame_of("cover.png")
    ((120, 0), (120, 1), None)
    """
    match = _NAME.fullmatch(PurePosixPath(name).stem)
    return (int(match[1]), int(match[2] or 0)) if match else None


def frames_of(folder: Path) -> dict[int, list[Path]]:
    """Return the pictures of each frame in a folder, frames and faces in order.

    Raises:
        UnreadableError: a picture is not named by its frame.
    """
    found = []
    for picture in folder.iterdir():
        if _is_picture(picture.name):
            number = frame_of(picture.name)
            if number is None:
                raise UnreadableError(
                    folder, f"'{picture.name}' is not named by its frame's number"
                )
            found.append((number, picture))
    frames: dict[int, list[Path]] = {}
    for (frame, _), picture in sorted(found):
        frames.setdefault(frame, []).append(picture)
    return frames


def read_stills(root: Path, path: str) -> Iterator[tuple[float, bytes]]:
    """Yield frame number and bytes of each picture of a folder, in order, or a file's as frame 0.

    Raises:
        UnreadableError: it is not there, or damaged.
    """
    with spooled(root, {path: None}) as place, unpacked(place, path) as medium:
        if not medium.is_dir():
            yield 0.0, medium.read_bytes()
            return
        for frame, pictures in frames_of(medium).items():
            for picture in pictures:
                yield float(frame), picture.read_bytes()


@contextmanager
def spooled(root: Path, wanted: Mapping[str, Frames]) -> Iterator[Path]:
    """Give the root that the wanted paths start from, those in a ``.tar.gz`` unpacked below it.

    Such an archive is read once, from its start to its end. All paths must lie in the same one, or
    none in any: then it is ``root`` itself that is given. Of a damaged archive nothing is used.
    """
    archive = next(map(archive_of, wanted), None)
    if archive is None or not is_tar(archive) or (root / archive).is_dir():
        yield root
        return
    members = {path[len(archive) + 1 :]: frames for path, frames in wanted.items()}
    with TemporaryDirectory(prefix="unmask-") as folder:
        place = Path(folder, "whole")
        try:
            with tarfile.open(root / archive, "r|gz") as tar:
                for info in tar:
                    info.name = info.name.removeprefix("./")
                    if info.isfile() and _wants(members, info.name):
                        tar.extract(info, place / archive, filter="data")
        except _DAMAGED:
            place = Path(folder, "nothing")
        yield place


@contextmanager
def unpacked(root: Path, path: str, frames: Frames = None) -> Iterator[Path]:
    """Give a manifest's path as a file or folder on disk, unpacked if it lies in a zip.

    Raises:
        UnreadableError: it is not there, or damaged.
        OverLimitError: a file in a zip is larger than the limits of media allow.
    """
    archive = archive_of(path)
    if (root / path).exists():
        yield root / path
        return
    if archive is None:
        raise UnreadableError(root / path, "no such file; check the path")
    if is_tar(archive):
        raise UnreadableError(root / path, "the archive does not hold it, or is damaged")
    with TemporaryDirectory(prefix="unmask-") as temporary:
        folder = Path(temporary)
        try:
            single = _unzip(root / archive, path[len(archive) + 1 :], frames, folder)
        except _DAMAGED as error:
            raise _damaged(root / archive, error) from error
        yield single or folder


def _unzip(archive: Path, member: str, frames: Frames, folder: Path) -> Path | None:
    """Unpack a member; return it if it is a file, None if it is a folder of files."""
    file, folders = _zip(archive, archive.stat().st_mtime_ns)
    single = member in file.NameToInfo
    names = [member] if single else folders.get(member, [])
    names = [name for name in names if single or _wants({member: frames}, name)]
    if not names and member not in folders:
        raise UnreadableError(archive / member, "the archive does not hold it; check the path")
    for name in names:
        Limits().check(archive / name, "file_bytes", file.getinfo(name).file_size)
        with file.open(name) as source, (folder / PurePosixPath(name).name).open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
    return folder / PurePosixPath(member).name if single else None


@lru_cache(maxsize=1)  # the index of a large archive takes hundreds of megabytes
def _zip(archive: Path, _changed: int) -> tuple[zipfile.ZipFile, dict[str, list[str]]]:
    """Return an open zip, and the files in each of its folders."""
    file = zipfile.ZipFile(archive)
    folders = defaultdict(list)
    for name in file.namelist():
        folder, _, base = name.rpartition("/")
        if base:
            folders[folder].append(name)
    return file, dict(folders)


def _wants(members: Mapping[str, Frames], name: str) -> bool:
    """Say whether a file is among the members, or a picture that is wanted of a folder of them."""
    if name in members:
        return True
    folder, _, base = name.rpartition("/")
    if folder not in members or not _is_picture(base):
        return False
    frames, number = members[folder], frame_of(base)
    return frames is None or number is None or number[0] in frames


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def _damaged(archive: Path, error: BaseException) -> UnreadableError:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnreadableError(archive, f"the archive cannot be read ({why}); get it again")
