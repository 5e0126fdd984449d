"""How well the perceptual hash tells copies of a face crop from other people's crops.

    python benchmarks/duplicates.py [../shared/data/dfdc-faces]

Every picture of the dataset is hashed, and so are three copies of it: as JPEG of quality 50, at
half its size, and both. How many bits of 256 does a copy differ in, and are there pictures of
different people (by the manifest's ``identity``) that differ in few? Needs the extra train.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import polars as pl

from unmask.data.duplicates import LIMIT, near_pairs, picture_hash
from unmask.data.prepare import decode_face
from unmask.data.sources import ingest
from unmask.data.unpack import read_stills
from unmask.types import Image

WIDER = 46
"""Half as many bits again: how much room is there beyond the limit?"""

FACES = Path(__file__).resolve().parent.parent.parent / "shared/data/dfdc-faces"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the perceptual hash.")
    parser.add_argument("root", nargs="?", type=Path, default=FACES, help="a dataset of stills")
    root = parser.parse_args().root
    rows = ingest(root)[0].filter(pl.col("identity").is_not_null()).sort("path")
    pictures = (decode_face(next(read_stills(root, path))[1]) for path in rows["path"])
    hashed = [[picture_hash(copy) for copy in copies(picture)] for picture in pictures]
    known = np.array([None not in hashes for hashes in hashed])
    bits = np.array(
        [
            [np.frombuffer(one or b"", np.uint8) for one in hashes]
            for hashes in hashed
            if None not in hashes
        ]
    )  # [pictures, copies, 32]
    people = rows["identity"].rank("dense").to_numpy()[known]
    print(
        f"{len(rows)} pictures, {(~known).sum()} too flat; {rows['identity'].n_unique()} people\n"
    )
    print(f"| a copy | bits that differ: median | 99.9 % | most | within {LIMIT} |")
    print("|---|---|---|---|---|")
    for n, name in enumerate(("JPEG of quality 50", "half size", "half size, quality 50"), start=1):
        differ = np.bitwise_count(bits[:, 0] ^ bits[:, n]).sum(1)
        middle, high = np.percentile(differ, (50, 99.9))
        print(
            f"| {name} | {middle:.0f} | {high:.0f} | {differ.max()} "
            f"| {(differ <= LIMIT).mean():.2%} |"
        )
    words = np.ascontiguousarray(bits[:, 0]).view(np.uint64)
    print("\n| pairs of different people within | of all pairs | by the search |\n|---|---|---|")
    searched = len(near_pairs(np.ascontiguousarray(bits[:, 0]), people)[0])
    for limit, found in ((LIMIT, searched), (WIDER, "–")):
        print(f"| {limit} bits | {within(limit, words, people)} | {found} |")


def copies(picture: Image) -> list[Image]:
    """Return the picture, and its three copies."""
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_LINEAR)
    return [picture, encoded(picture), half, encoded(half)]


def encoded(picture: Image) -> Image:
    """Return the picture as JPEG of quality 50 leaves it."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def within(limit: int, words: np.ndarray, people: np.ndarray) -> int:
    """Return the number of pairs of different people at most so many bits apart, trying all."""
    return sum(
        int(
            (
                (np.bitwise_count(words[n + 1 :] ^ words[n]).sum(1) <= limit)
                & (people[n + 1 :] != people[n])
            ).sum()
        )
        for n in range(len(words) - 1)
    )


if __name__ == "__main__":
    main()
