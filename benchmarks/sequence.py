"""Does the recipe `capstone-sequence` learn, on clips forged from a few real ones?

    python benchmarks/sequence.py DATA [--work runs/sequence] [--windows 6] [--epochs 30]

``DATA`` holds ``clips/`` with its ``labels.csv``; only real clips of its split ``train`` are read.
Each is cut into short windows of every second frame. Each window is forged by every method in
`METHODS`, beside its real twin, which went through the same encoder. All windows of the people in
`DEV` are held out, and faces that are put in differ between train and dev, so that no face of dev
was seen in training. The rest is done by the commands `forge`, `data ingest`, `data prepare` and
`train`.

The windows of one clip are much alike, the people few, and the best epoch is chosen on dev: the
figures show whether the network learns, and not how well it would do on other people or on the
forgeries of others. A constant that says .5 has a log loss of .693. Needs the extra train.
"""

from __future__ import annotations

import argparse
import csv
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import polars as pl

from unmask.cli.forge import write_clip
from unmask.data.prepare import read_faces
from unmask.media import open_media

if TYPE_CHECKING:
    from unmask.types import Image

METHODS = ("self_blend", "region_blend", "face_swap")
DEV = ("liveportrait_d18", "videoretalking_2")
SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "real"
DONORS = {"train": SAMPLES / "astronaut.jpg", "dev": SAMPLES / "hopper.jpg"}
STEP = 2
"""Of the frames of a clip, every second is kept."""

SIDE = 512
"""Pixels to which the shorter side of a larger clip is brought."""


def main() -> None:
    """Make the clips, train, and print."""
    parser = argparse.ArgumentParser(description="Train 'capstone-sequence' on forged clips.")
    parser.add_argument("data", type=Path, help="folder with clips/")
    parser.add_argument("--work", type=Path, default=Path("runs/sequence"), help="new folder")
    parser.add_argument("--windows", type=int, default=6, help="most windows of a clip")
    parser.add_argument("--length", type=int, default=12, help="frames of a window")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    clips, faces, run = (options.work / name for name in ("clips", "faces", "run"))
    if options.work.exists():
        sys.exit(f"{options.work}: is there already; name a new folder with --work")
    for clip in real_clips(options.data / "clips"):
        split = "dev" if clip.stem in DEV else "train"
        cut(clip, options.work / "windows" / split, options.length, options.windows)
    rows = [row for split in DONORS for row in forge(options.work / "windows" / split, clips)]
    with (clips / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ("file", "label", "original", "method", "split", "note"))
        writer.writeheader()
        writer.writerows(rows)
    manifest = options.work / "m.parquet"
    length = str(options.length)
    unmask("data", "ingest", clips, "--source", "labelled", "--out", manifest)
    unmask("data", "prepare", manifest, "--root", clips, "--out", faces, "--frames", length)
    choices = (f"length={length}", f"epochs={options.epochs}", "patience=0")
    sets = [word for choice in choices for word in ("--set", choice)]
    unmask("train", "capstone-sequence", faces, "--out", run, *sets)
    report(read_faces(faces), run / "metrics.csv")


def real_clips(root: Path) -> list[Path]:
    """Real clips of split ``train``; those of ``val`` and ``external`` are never opened."""
    rows = pl.read_csv(root / "labels.csv")
    rows = rows.filter((pl.col("split") == "train") & (pl.col("label") == "REAL"))
    found = [root / file for file in rows["file"]]
    absent = set(DEV) - {path.stem for path in found}
    if absent:
        sys.exit(f"{root}: no real clip of split train is called {', '.join(sorted(absent))}")
    return found


def cut(clip: Path, out: Path, length: int, most: int) -> None:
    """Write whole windows of a clip, one after another from its start."""
    out.mkdir(parents=True, exist_ok=True)
    with open_media(clip, frames=10**9) as reader:
        window: list[tuple[float, Image]] = []
        written = 0
        for number, frame in enumerate(reader):
            if number % STEP:
                continue
            window.append((frame.time, shrink(frame.image)))
            if len(window) < length:
                continue
            timed = [(time - window[0][0], image) for time, image in window]
            write_clip(out / f"{clip.stem}-{written}.mp4", timed)
            written, window = written + 1, []
            if written == most:
                return


def shrink(image: Image) -> Image:
    """Bring the shorter side to `SIDE` where it is longer."""
    scale = SIDE / min(image.shape[:2])
    if scale >= 1:
        return image
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def forge(windows: Path, clips: Path) -> list[dict[str, str]]:
    """Forge all windows of a split by every method; return the rows of their table."""
    rows = []
    for method in METHODS:
        out = clips / method / windows.name
        donor = DONORS[windows.name]
        unmask("forge", windows, "--out", out, "--method", method, "--donor", donor, "--twin")
        folder = out.relative_to(clips).as_posix()
        for window in sorted(windows.glob("*.mp4")):
            real = f"{folder}/{window.stem}-real.mp4"
            fake = f"{folder}/{window.stem}-{method}.mp4"
            common = {"split": windows.name, "note": window.stem.rpartition("-")[0]}
            rows.append({"file": real, "label": "REAL", **common})
            rows.append(
                {"file": fake, "label": "FAKE", "original": real, "method": method, **common}
            )
    return rows


def unmask(*words: str | Path) -> None:
    """Run a command of unmask, or end with its message."""
    command = [sys.executable, "-m", "unmask", *map(str, words)]
    print("unmask", *words, flush=True)
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"unmask {words[0]} failed; see above")


def report(faces: pl.DataFrame, metrics: Path) -> None:
    """Print what was trained on and every epoch."""
    clips = faces.unique("video_id")
    print("\n| split | people | real sequences | fake sequences |\n|---|---|---|---|")
    for split in DONORS:
        part = clips.filter(pl.col("split") == split)
        fakes = int(part["label"].sum())
        print(f"| {split} | {part['note'].n_unique()} | {len(part) - fakes} | {fakes} |")
    print("\n| epoch | training loss | dev loss | dev AUC |\n|---|---|---|---|")
    history = pl.read_csv(metrics)
    for epoch, *figures in history.select("epoch", "loss", "dev_loss", "dev_auc").iter_rows():
        print(f"| {epoch + 1} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    best = history.sort("dev_loss").row(0, named=True)
    print(
        f"\na constant has a loss of {math.log(2):.3f}; training ends at {history['loss'][-1]:.3f}"
        f"\nleast dev loss: {best['dev_loss']:.3f}, AUC {best['dev_auc']:.3f}, in epoch "
        f"{best['epoch'] + 1}, chosen on dev itself"
        f"\nso few people bear no claim about others: this shows only whether the network learns"
        f"\n{metrics}"
    )


if __name__ == "__main__":
    main()
