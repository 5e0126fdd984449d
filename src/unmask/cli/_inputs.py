"""What ``unmask detect`` is given: files, folders, addresses, and lists of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unmask.cli._console import say
from unmask.errors import DataError, MissingExtraError, SettingError
from unmask.storage import is_address, is_folder, list_files

if TYPE_CHECKING:
    Medium = str | Path


def collect(
    paths: Sequence[str], listing: Path | None = None, root: str | None = None
) -> tuple[list[Medium], bool, bool]:
    """Return every medium once, in order; whether a folder held none; whether one was a folder.

    A path that is missing stays in the list: its report says so.

    Args:
        paths: files, folders, or addresses of either.
        listing: file that names more of them, a line each, or a manifest; ``-`` is stdin.
        root: where the paths of ``listing`` start from.

    Raises:
        DataError: the listing or an address cannot be read.
        SettingError: nothing is named, or a root without a listing.
    """
    if (not paths and listing is None) or (root and listing is None):
        raise SettingError("name files, folders or addresses, or a list of them with --list FILE")
    media: dict[str, Medium] = {}
    empty = many = False
    for path in paths:
        found = _below(path)
        many |= found is not None
        if found == []:
            say(f"no images or videos in {path}")
            empty = True
        for medium in [_medium(path)] if found is None else found:
            media.setdefault(_identity(medium), medium)
    for line in _lines(listing) if listing else ():
        medium = _medium(line if root is None else f"{root.rstrip('/')}/{line}")
        media.setdefault(_identity(medium), medium)
    return list(media.values()), empty, many


def _medium(path: str) -> Medium:
    return path if is_address(path) else Path(path)


def _identity(medium: Medium) -> str:
    return str(medium) if is_address(medium) else os.path.realpath(medium)


def _below(path: str) -> Sequence[Medium] | None:
    """Return the media of a folder; None if it is none."""
    from unmask.media import list_media, looks_like_media

    if is_address(path):
        if not is_folder(path):
            return None
        return [address for address in list_files(path) if looks_like_media(address)]
    return list_media(path) if Path(path).is_dir() else None


def _lines(listing: Path) -> Iterator[str]:
    """Yield the paths of a list."""
    if listing.suffix == ".parquet":
        yield from _manifest(listing)
        return
    try:
        text = sys.stdin.read() if str(listing) == "-" else listing.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"{listing}: not a readable list of paths ({error})") from error
    yield from filter(None, text.splitlines())


def _manifest(path: Path) -> list[str]:
    """Return the paths of a manifest's rows that cleaning did not leave out."""
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading a manifest", "cluster") from error
    try:
        rows = parquet.read_table(path, columns=["path", "excluded"]).to_pylist()
        return [row["path"] for row in rows if row["excluded"] is None]
    except (OSError, ArrowException, KeyError) as error:
        raise DataError(f"{path}: not a readable manifest ({error})") from error
