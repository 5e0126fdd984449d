"""Seconds and memory of the workshop's bookkeeping on a dataset of the DFDC's full size.

    python benchmarks/manifest.py [--parts 50] [--videos 2400]

Makes a tree in the layout of the whole DFDC, 120,000 empty videos in 50 parts with their
metadata.json, a tenth of them real, and takes it through `ingest`. Then the manifest gets what the
DFDC does not tell, people (1,000) and numbers of frames, and goes through `clean`, `split` and the
search for leaks; a leak that is planted afterwards must be found. Last, 120,000 random perceptual
hashes are searched for near ones across the splits. Needs the extra train.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from unmask.data.clean import clean
from unmask.data.duplicates import near_pairs
from unmask.data.leaks import find_leaks
from unmask.data.manifest import read_manifest, write_manifest
from unmask.data.sources import ingest
from unmask.data.split import split

PEOPLE = 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure manifests of many videos.")
    parser.add_argument("--parts", type=int, default=50, help="folders of the tree")
    parser.add_argument("--videos", type=int, default=2400, help="videos of each")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder, "dfdc"), Path(folder, "manifest.parquet")
        with timed("make the tree (not counted)", seconds):
            make_tree(root, options.parts, options.videos)
        with timed("ingest", seconds):
            manifest, problems = ingest(root)
        with timed("write and read", seconds):
            write_manifest(manifest, path)
            manifest = read_manifest(path)
        manifest = with_facts(manifest, rng)
        with timed("clean", seconds):
            cleaned = clean(manifest)
        with timed("split", seconds):
            drawn = split(cleaned.manifest, dev_share=0.05, anew=True)
        with timed("find leaks", seconds):
            leaks = len(find_leaks(drawn))
    hashes = rng.integers(0, 256, (len(drawn), 32), dtype=np.uint8)
    with timed("search as many perceptual hashes", seconds):
        near_pairs(hashes, np.arange(len(hashes)) % 4)
    moved = drawn.with_columns(
        split=pl.when(pl.col("video_id") == drawn["video_id"][1])
        .then(pl.lit("val"))
        .otherwise(pl.lit("train"))
    )
    print(f"{len(manifest):,} rows, {len(problems)} problems; {leaks} leaks")
    print(f"cleaned: {cleaned.outliers:,} outliers, {cleaned.orphans:,} orphans")
    print(f"planted leak found: {bool(len(find_leaks(moved)))}")
    for name, count in drawn["split"].value_counts(sort=True).iter_rows():
        print(f"{name or 'no split'}: {count:,}")
    print("\n| step | seconds |\n|---|---|")
    for step, spent in seconds.items():
        print(f"| {step} | {spent:.1f} |")
    total = sum(spent for step, spent in seconds.items() if "not counted" not in step)
    print(f"| in all | {total:.1f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kilobytes, on Linux
    print(f"\npeak memory: {peak:.2f} GB")


@contextmanager
def timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    """Note how long what is done inside takes."""
    start = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - start


def make_tree(root: Path, parts: int, videos: int) -> None:
    """Write parts of empty videos; each original stands with its nine fakes."""
    for part in range(parts):
        folder = root / f"dfdc_train_part_{part}"
        folder.mkdir(parents=True)
        listing = {}
        for n in range(videos):
            name, original = f"v{part:02d}{n:05d}.mp4", f"v{part:02d}{n - n % 10:05d}.mp4"
            (folder / name).touch()
            listing[name] = {"label": "REAL" if n % 10 == 0 else "FAKE", "split": "train"}
            if n % 10:
                listing[name]["original"] = original
        (folder / "metadata.json").write_text(json.dumps(listing))


def with_facts(manifest: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the manifest with a person for each family, and numbers of frames like the DFDC's."""
    families = manifest["group_id"].unique().sort()
    people = pl.DataFrame(
        {"group_id": families, "known": rng.integers(PEOPLE, size=len(families)).astype(str)}
    )
    counts = rng.choice([300, 298, 600, 150], p=[0.6, 0.25, 0.1, 0.05], size=len(manifest))
    return (
        manifest.join(people, on="group_id", how="left", maintain_order="left")
        .with_columns(identity="known", frames=pl.Series(counts, dtype=pl.Int32))
        .drop("known")
    )


if __name__ == "__main__":
    main()
