"""How many faces the face finder finds, through `find_faces`, as `detect` and `prepare` call it.

    python benchmarks/faces.py DATA [--crops 1000] [--frames 32] [--finder centerface] [--seed 0]

``DATA`` is a folder with ``dfdc-faces/`` (zips of DFDC face crops with their ``splits.csv``),
``clips/`` (videos), or both. Prints one table, as Markdown:

- **crops**: of a seeded sample of the pictures of split ``val``, each a tight crop of one face, how
  many show a face that is found; reals and fakes apart, so that a difference between them shows;
- **clips**: of the frames that `detect` samples, how many show a face large enough to be scored,
  for each clip and in all; and how many clips do in at least nine frames of ten;
- **sizes**: the largest face of some frames of the clips, shrunk with its frame until it is so many
  pixels wide, on a grey 1920 x 1080 picture: how many are found again where they lie.

Intervals are exact binomial ones at 95 % (Clopper and Pearson). Frames of one clip are much alike,
so an interval over frames is too narrow; the one over clips is not. Needs the extra train.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import polars as pl
from scipy.stats import beta

from unmask.data.prepare import decode_face
from unmask.data.sources import ingest
from unmask.data.unpack import read_stills
from unmask.detect import Settings
from unmask.faces import FINDERS, FaceFinder, find_faces
from unmask.media import list_media, open_media

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unmask.types import Box, Image

SIZES = (32, 40, 48, 56, 64, 80, 120)
STAGE = (1080, 1920)
SHRUNK_FRAMES = 4
"""Frames of each clip that are shrunk."""

OVERLAP = 0.4
"""Least intersection over union at which a face counts as found again."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the recall of a face finder.")
    parser.add_argument("data", type=Path, help="folder with dfdc-faces/, clips/ or both")
    parser.add_argument("--crops", type=int, default=1000, help="DFDC crops to sample")
    parser.add_argument("--frames", type=int, default=32, help="frames to sample of a clip")
    parser.add_argument("--finder", default="centerface", choices=sorted(FINDERS))
    parser.add_argument("--seed", type=int, default=0, help="of the sample and of the places")
    options = parser.parse_args()
    finder = FINDERS[options.finder]()
    print(f"finder: {options.finder}, seed: {options.seed}\n")
    print("| pictures | with a face | of | share | 95 % |\n|---|---|---|---|---|")
    if (options.data / "dfdc-faces").is_dir():
        crops(options.data / "dfdc-faces", finder, options.crops, options.seed)
    if (options.data / "clips").is_dir():
        paths = list_media(options.data / "clips")
        clips(paths, finder, options.frames)
        sizes(paths, finder, options.seed)


def crops(root: Path, finder: FaceFinder, count: int, seed: int) -> None:
    """Print the lines on DFDC crops."""
    rows, _ = ingest(root, "dfdc-faces")
    rows = rows.filter((pl.col("split") == "val") & (pl.col("frames") > 0))
    rows = rows.sample(min(count, len(rows)), seed=seed)
    found = []
    for path in rows["path"]:
        _, data = next(read_stills(root, path))
        found.append(bool(find_faces(finder, decode_face(data))))
    labels = rows["label"].to_list()
    line("DFDC validation crops", found)
    for label, name in enumerate(("real", "fake")):
        line(f"... {name}", [one for one, of in zip(found, labels, strict=True) if of == label])


def clips(paths: list[Path], finder: FaceFinder, frames: int) -> None:
    """Print the lines on clips."""
    least = Settings().min_face
    everywhere, most = [], []
    for path in paths:
        with open_media(path, frames=frames) as reader:
            found = [
                any(face.size >= least for face in find_faces(finder, frame.image))
                for frame in reader
            ]
        line(f"{path.parent.name}/{path.name}", found)
        everywhere += found
        most.append(sum(found) >= 0.9 * len(found))
    line("frames of all clips", everywhere)
    line("clips with a face in 90 % of frames", most)


def sizes(paths: list[Path], finder: FaceFinder, seed: int) -> None:
    """Print the lines on faces of known size."""
    found: dict[int, list[bool]] = {size: [] for size in SIZES}
    rng = np.random.default_rng(seed)
    for image, box in largest_faces(paths, finder):
        for size in SIZES:
            staged = stage(image, box, size, rng)
            if staged:
                faces = find_faces(finder, staged[0])
                found[size].append(any(overlap(f.box, staged[1]) >= OVERLAP for f in faces))
    for size, ones in found.items():
        line(f"faces shrunk to {size} pixels", ones)


def largest_faces(paths: list[Path], finder: FaceFinder) -> Iterator[tuple[Image, Box]]:
    """The largest face of some frames of each clip."""
    for path in paths:
        with open_media(path, frames=SHRUNK_FRAMES) as reader:
            for frame in reader:
                faces = find_faces(finder, frame.image)
                if faces:
                    yield frame.image, max(faces, key=lambda face: face.size).box


def stage(image: Image, box: Box, size: int, rng: np.random.Generator) -> tuple[Image, Box] | None:
    """Shrink a picture so that the shorter side of ``box`` is ``size`` and lay it on grey.

    Returns:
        Picture and box; None where the face is smaller already, or the picture does not fit.
    """
    scale = size / min(box[2] - box[0], box[3] - box[1])
    height, width = (round(side * scale) for side in image.shape[:2])
    if scale > 1 or height > STAGE[0] or width > STAGE[1]:
        return None
    top, left = (int(rng.integers(room + 1)) for room in (STAGE[0] - height, STAGE[1] - width))
    picture = np.full((*STAGE, 3), 128, np.uint8)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    picture[top : top + height, left : left + width] = small
    x0, y0, x1, y1 = (side * scale for side in box)
    return picture, (x0 + left, y0 + top, x1 + left, y1 + top)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    both = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return both / (areas - both)


def line(name: str, found: Iterable[bool]) -> None:
    """Print a count and its exact 95 % interval."""
    ones = list(found)
    k, n = sum(ones), len(ones)
    if n:
        low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
        high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
        print(f"| {name} | {k} | {n} | {k / n:.3f} | {low:.3f} to {high:.3f} |", flush=True)


if __name__ == "__main__":
    main()
