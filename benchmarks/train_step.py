"""What a training step of the recipe `frame` costs, and what `quicken` saves of it.

    python benchmarks/train_step.py [--faces FOLDER …] [--steps 10] [--rounds 3] [--threads 2]

Two models that differ only in `unmask.training.depthwise.quicken` take turns on the same batches,
with all that a step of the trainer does: bfloat16, channels last, forward, backward, clipping,
AdamW, running average; on the CPU. What a step waits for its batch is for loading.py to say.

``--faces`` names prepared face sets of split ``train``; without it the two portraits of the samples
stand in, whose pictures are larger than most and take longer to make. Needs the extra train.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import polars as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from unmask.data.manifest import make_manifest
from unmask.data.prepare import prepare, read_faces
from unmask.training.depthwise import quicken
from unmask.training.module import Training
from unmask.training.recipes.frame import FrameRecipe

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
PORTRAITS = (
    ("astronaut", "real/astronaut.jpg", None),
    ("hopper", "real/hopper.jpg", None),
    ("astronaut-selfblend", "forged/astronaut-selfblend.jpg", "astronaut"),
    ("hopper-faceswap", "forged/hopper-faceswap.jpg", "hopper"),
)


class Stepper:
    """A model in training, one step at a time, as the trainer takes it."""

    def __init__(self, recipe: FrameRecipe, *, quick: bool) -> None:
        torch.manual_seed(recipe.seed)
        with patch("unmask.training.module.quicken", quicken if quick else lambda _: 0):
            self.module = Training(recipe, recipe.build(), steps=recipe.steps).train()
        self.module.log = lambda *_, **__: None
        self.optimizer = self.module.configure_optimizers()["optimizer"]

    def step(self, batch: Any) -> float:
        """Train on a batch; return the seconds that it took."""
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.module.training_step(batch, 0)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.detector.parameters(), 1.0)
        self.optimizer.step()
        self.module.average.update_parameters(self.module.detector)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a training step of the recipe 'frame'.")
    parser.add_argument("--faces", nargs="+", type=Path, help="folders of prepared face sets")
    parser.add_argument("--steps", type=int, default=10, help="steps of one turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each model")
    parser.add_argument("--threads", type=int, default=2, help="threads of the trained model")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = FrameRecipe()
    with tempfile.TemporaryDirectory() as folder:
        sets = options.faces or [portraits(Path(folder))]
        faces = pl.concat([read_faces(path).filter(pl.col("split") == "train") for path in sets])
    print(
        f"machine: {platform.system()} {platform.machine()}, {options.threads} threads\n"
        f"versions: Python {platform.python_version()}, torch {torch.__version__}\n"
        f"recipe: {recipe.backbone}, {2 * recipe.pairs} crops of {recipe.crop.size} pixels a step\n"
    )
    batches = batches_of(recipe, faces, options.steps)
    models = {quick: Stepper(recipe, quick=quick) for quick in (False, True)}
    for model in models.values():
        model.step(batches[0])
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(options.rounds):
        for quick, model in models.items():
            seconds[quick] += [model.step(batch) for batch in batches]
    plain, quickened = median(seconds[False]), median(seconds[True])
    print("| measure | value |\n|---|---|")
    print(f"| a step, plain | {1000 * plain:.0f} ms |")
    print(f"| a step, quickened | {1000 * quickened:.0f} ms |")
    print(f"| plain / quickened | {plain / quickened:.2f} |")


def portraits(folder: Path) -> Path:
    """Prepare the sample portraits and their forgeries as a face set."""
    rows = [
        {
            "video_id": name,
            "path": path,
            "label": int(original is not None),
            "original_id": original,
            "group_id": original or name,
            "dataset": "portraits",
            "split": "train",
        }
        for name, path, original in PORTRAITS
    ]
    for _ in prepare(make_manifest(rows), SAMPLES, folder, workers=1):
        pass
    return folder


def batches_of(recipe: FrameRecipe, faces: pl.DataFrame, steps: int) -> list[Any]:
    """Batches as the recipe makes them, of the sources that there are."""
    known = faces["dataset"].unique().sort().to_list()
    sources = {name: share for name, share in recipe.sources.items() if name in known}
    changes = {"sources": sources or dict.fromkeys(known, 1.0), "epoch_steps": steps}
    dataset = recipe.model_copy(update=changes).train_set(faces, 0)
    return list(DataLoader(dataset, batch_size=recipe.batch_size, num_workers=1))


if __name__ == "__main__":
    main()
