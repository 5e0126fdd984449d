"""Files that are the same, and pictures that look the same.

The perceptual hash of a picture is 256 bits: its brightness at 64 x 64 pixels, of that the lowest
16 x 16 coefficients of the cosine transform, each above the median or not (the scheme of Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, with four times the
bits). Two pictures look the same where at most `LIMIT` bits differ.

`LIMIT` was chosen on the 21,444 face crops of ../shared/data/dfdc-faces, by
``python benchmarks/duplicates.py``. A copy as JPEG of quality 50 differs in at most 30 bits (4 in
the middle), one of half the size in at most 14 (2), one of both in at most 42 (6; 99.9 % are within
the limit). Of the 230 million pairs, two of different people by their ``identity`` are within the
limit, and four within 46 bits; all four show one scene, whose person has got two identities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from unmask.data.frames import list_frames
from unmask.data.unpack import archive_of, frames_of, is_tar, spooled, unpacked
from unmask.errors import MediaError
from unmask.media import open_media
from unmask.types import Image

LIMIT: Final = 31
"""Of 256 bits. One less than twice the bands of `near_pairs`, which makes its search exact."""

FRAMES: Final = 5
"""Pictures looked at of a video, spread evenly over its length."""

FLATTEST: Final = 4.0
"""Standard deviation of brightness (of 255) below which a picture has nothing to compare."""

FINGERPRINTS: Final = pl.Schema(
    {"dataset": pl.String, "video_id": pl.String, "sha256": pl.String, "hash": pl.Binary}
)
"""One row a picture looked at; ``hash`` is null where it is flat. The ``sha256`` is the file's,
be it a video, a still, or a picture out of a folder of frames."""

Progress = Callable[[int, int], None]
Hashes = npt.NDArray[np.uint8]

_CHUNK = 2**21  # candidate pairs looked at in one go


def picture_hash(image: Image) -> bytes | None:
    """Return the perceptual hash of a picture, 32 bytes; None if it is flat."""
    small = cv2.resize(
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA
    )
    if small.std() < FLATTEST:
        return None
    waves = cv2.dct(small.astype(np.float32))[:16, :16].ravel()
    return np.packbits(waves > np.median(waves[1:])).tobytes()


def fingerprint(
    manifest: pl.DataFrame, root: Path, progress: Progress | None = None
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the fingerprints of the rows in use, and path -> reason for what cannot be read.

    Args:
        manifest: the rows; those whose file is known to be absent are passed over.
        root: folder that its paths are relative to.
        progress: called with (rows done, rows in all).

    Raises:
        DataError: an archive cannot be listed.
    """
    used = manifest.filter(pl.col("excluded").is_null() & (pl.col("frames") != 0).fill_null(True))
    few = {path: _few([*frames]) for path, frames in list_frames(root, used["path"])}
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    done = 0
    by_place = groupby(used.sort("path").iter_rows(named=True), lambda row: _tar(row["path"]))
    for _, group in by_place:
        media = list(group)
        with spooled(root, {row["path"]: few.get(row["path"]) for row in media}) as place:
            for row in media:
                try:
                    rows += [
                        {**{key: row[key] for key in ("dataset", "video_id")}, **found}
                        for found in _look(place, row["path"], few.get(row["path"]))
                    ]
                except MediaError as error:
                    failed[row["path"]] = error.message
                done += 1
                if progress:
                    progress(done, len(used))
    return pl.DataFrame(rows, schema=FINGERPRINTS), failed


def look_alikes(fingerprints: pl.DataFrame, apart: str) -> pl.DataFrame:
    """Return the rows whose pictures look like ones that differ in ``apart``, a column of them.

    Returns:
        ``dataset``, ``video_id`` and ``cluster``, the same number for rows that look alike,
        directly or through others.
    """
    hashed = fingerprints.drop_nulls(["hash", apart])
    kinds = hashed.select("hash", apart).unique().sort("hash", apart).with_row_index("kind")
    if not len(kinds):
        return hashed.select("dataset", "video_id", cluster=pl.lit(0, pl.Int32))
    hashes = np.frombuffer(b"".join(kinds["hash"]), np.uint8).reshape(-1, 32)
    first, second = near_pairs(hashes, kinds[apart].rank("dense").to_numpy())
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(kinds),) * 2)
    _, cluster = connected_components(links, directed=False)
    alike = kinds.with_columns(cluster=cluster)[np.union1d(first, second)]
    return (
        hashed.join(alike, on=["hash", apart])
        .select("dataset", "video_id", "cluster")
        .unique()
        .sort("cluster", "dataset", "video_id")
    )


def near_pairs(
    hashes: Hashes, apart: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return all pairs of hashes at most `LIMIT` bits apart that differ in ``apart``.

    Of 16 bands of 16 bits, two such hashes differ in at most one bit of some band, else there were
    32 bits. So each hash is compared with those only that equal it in a band, or all but one bit
    of it (Norouzi et al., "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012).

    Args:
        hashes: uint8 [N, 32].
        apart: [N].
    """
    words, bands = hashes.view(np.uint64), hashes.view(np.uint16)
    found = [np.empty((0, 2), np.int64)]
    for values in bands.T:
        order = np.argsort(values, kind="stable")
        starts = np.searchsorted(values[order], np.arange(2**16 + 1))
        for flip in (0, *(1 << bit for bit in range(16))):
            wanted = (values ^ flip).astype(np.int64)
            for first, place in _expand(starts[wanted], starts[wanted + 1]):
                second = order[place]
                keep = (first < second) & (apart[first] != apart[second])
                pairs = np.stack([first[keep], second[keep]], 1)
                differ = np.bitwise_count(words[pairs[:, 0]] ^ words[pairs[:, 1]]).sum(1)
                found.append(pairs[differ <= LIMIT])
    pairs = np.unique(np.concatenate(found), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _expand(
    starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield (row, place) for each place from the row's start to its end, some rows at a time."""
    counts = ends - starts
    total = np.cumsum(counts)
    for part in np.split(np.arange(len(starts)), np.flatnonzero(np.diff(total // _CHUNK)) + 1):
        first = np.repeat(part, counts[part])
        before = np.repeat(total[part] - counts[part], counts[part])
        base = total[part[0]] - counts[part[0]] if len(part) else 0
        yield first, np.arange(len(first)) + base - before + starts[first]


def _look(place: Path, path: str, few: list[int] | None) -> Iterator[dict[str, Any]]:
    """Yield file hash and picture hash of what is looked at of one medium."""
    with unpacked(place, path, few) as medium:
        files = [medium]
        if medium.is_dir():
            frames = frames_of(medium)
            files = [file for frame in few or _few([*frames]) for file in frames[frame]]
        for file in files:
            with open_media(file, frames=FRAMES) as reader:
                for frame in reader:
                    yield {"sha256": reader.media.sha256, "hash": picture_hash(frame.image)}


def _few(frames: list[int]) -> list[int]:
    """Return a few of a folder's frames, spread evenly."""
    places = np.linspace(0, len(frames) - 1, min(FRAMES, len(frames)))
    return [frames[round(place)] for place in places]


def _tar(path: str) -> str | None:
    archive = archive_of(path)
    return archive if is_tar(archive) else None
