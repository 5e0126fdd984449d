"""Which share of a training step of the recipe `frame` is spent waiting for the batch.

    python benchmarks/loading.py [--faces FOLDER …] [--steps 40] [--workers 1 2] [--threads 2]

The trainer's own loaders and module run under Lightning as `unmask train` has them, on the CPU,
once with each number of processes that make batches. Waiting is all the time from the end of a
step to the start of the next, so Lightning's own share of it, a few milliseconds, counts as well.

``--faces`` names prepared face sets with the splits ``train`` and ``dev``; without it the portraits
of the samples stand in, see `train_step.py`. Needs the extra train.
"""

from __future__ import annotations

import argparse
import logging
import platform
import tempfile
import time
import warnings
from pathlib import Path
from statistics import mean, median
from typing import Any

import lightning
import polars as pl
import torch
from lightning.pytorch.callbacks import Callback

from unmask.data.prepare import read_faces
from unmask.training.loaders import Loaders
from unmask.training.module import Training
from unmask.training.recipes import Recipe, read_recipe
from unmask.training.run import read_face_sets

SETTLED = 3
"""Steps left out at the start: batches were made ahead of them, and memory is warmed by them."""


class Watch(Callback):
    """Notes how long each step was waited for, and how long it took."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.works: list[float] = []

    def on_train_epoch_start(self, *_: Any) -> None:
        """Begin to wait for the first batch."""
        self._since = time.perf_counter()

    def on_train_batch_start(self, *_: Any) -> None:
        """Stop waiting."""
        now = time.perf_counter()
        self.waits.append(now - self._since)
        self._since = now

    def on_train_batch_end(self, *_: Any) -> None:
        """Begin to wait for the next."""
        now = time.perf_counter()
        self.works.append(now - self._since)
        self._since = now


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what training waits for its data.")
    parser.add_argument("--faces", nargs="+", type=Path, help="folders of prepared face sets")
    parser.add_argument("--steps", type=int, default=40, help="steps of each turn")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--threads", type=int, default=2, help="threads of the trained model")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    faces = read_face_sets(options.faces) if options.faces else portraits()
    known = faces["dataset"].unique().sort().to_list()
    recipe = read_recipe("frame")
    if not set(known) & set(recipe.sources):
        recipe = recipe.model_copy(update={"sources": dict.fromkeys(known, 1.0)})
    print(
        f"machine: {platform.system()} {platform.machine()}, {options.threads} threads\n"
        f"versions: Python {platform.python_version()}, torch {torch.__version__}\n"
        f"data: {len(faces)} faces of {', '.join(known)}\n\n"
        "| workers | step | waiting, of it | longest wait |\n|---|---|---|---|"
    )
    for workers in options.workers:
        watch = train(recipe, faces, workers, options.steps)
        waits, works = watch.waits[SETTLED:], watch.works[SETTLED:]
        share = sum(waits) / (sum(waits) + sum(works))
        print(
            f"| {workers} | {1000 * (mean(waits) + mean(works)):.0f} ms | {share:.1%} "
            f"(median {1000 * median(waits):.1f} ms) | {1000 * max(waits):.0f} ms |"
        )


def train(recipe: Recipe, faces: pl.DataFrame, workers: int, steps: int) -> Watch:
    """Train for some steps and return what was noted."""
    torch.manual_seed(recipe.seed)
    watch = Watch()
    loaders = Loaders(recipe, faces, workers)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.filterwarnings("ignore", module="lightning")
        lightning.Trainer(
            default_root_dir=folder,
            accelerator="cpu",
            precision=recipe.precision,
            max_steps=steps,
            limit_val_batches=0,
            gradient_clip_val=recipe.clip or None,
            callbacks=[watch],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(Training(recipe, recipe.build(), steps=steps), loaders)
    return watch


def portraits() -> pl.DataFrame:
    """Return the faces of the samples, which stand in both splits since nothing is judged here."""
    from train_step import portraits as prepared

    with tempfile.TemporaryDirectory() as folder:
        faces = read_faces(prepared(Path(folder)))
    return pl.concat([faces.with_columns(split=pl.lit(split)) for split in ("train", "dev")])


if __name__ == "__main__":
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    main()
