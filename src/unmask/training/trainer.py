"""Training of frame detectors with Lightning.

A run is a folder: ``recipe.json`` (all choices, code version, hashes of the face sets),
``metrics.csv``, ``last.ckpt`` to resume from and ``best.ckpt`` by the dev set. Every epoch starts
from a seed of its own, so a run that was killed and resumed ends in the weights of one that was
not.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import polars as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from sklearn.metrics import log_loss, roc_auc_score
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

import unmask
from unmask.data.prepare import read_faces
from unmask.errors import DataError
from unmask.training.depthwise import NHWC, quicken
from unmask.training.detectors import FrameDetector
from unmask.training.detectors.frame import load_imagenet
from unmask.training.history import History
from unmask.training.pairs import CropDataset, PairDataset, Sample
from unmask.training.recipe import FrameRecipe

MEAN = (0.5, 0.5, 0.5)
STD = (0.5, 0.5, 0.5)
DEV_SETS = ("dev", "dev_forged")


class FrameModule(lightning.LightningModule):
    """A detector, its running average, and how they are trained and judged."""

    def __init__(self, recipe: FrameRecipe, detector: FrameDetector) -> None:
        super().__init__()
        self.recipe = recipe
        quicken(detector)
        self.detector = detector.to(memory_format=NHWC)
        self.average = AveragedModel(self.detector, avg_fn=self._average, use_buffers=True)
        self._seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def _average(self, old: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        if not old.is_floating_point():
            return new
        decay = min(self.recipe.average, (1 + float(count)) / (10 + float(count)))
        return old.lerp(new, 1 - decay)

    @staticmethod
    def normalise(images: Tensor) -> Tensor:
        """Return uint8 crops [..., 3, S, S] as the float batch [B, 3, S, S] that is trained on."""
        batch = images.flatten(0, -4).float().div_(255)
        mean, std = (torch.tensor(v, device=batch.device)[:, None, None] for v in (MEAN, STD))
        return batch.sub_(mean).div_(std).contiguous(memory_format=NHWC)

    def on_train_epoch_start(self) -> None:
        """Seed dropout and drop path by the epoch, so that a resumed run draws the same."""
        torch.manual_seed(self.recipe.seed + self.current_epoch)

    def training_step(self, batch: Sample, _: int) -> Tensor:
        """Return the loss of a batch of pairs, uint8 [P, 2, 3, S, S] and labels [P, 2]."""
        images, labels = batch
        logit, _ = self.detector(self.normalise(images))
        smooth = labels.flatten() * (1 - self.recipe.smoothing) + self.recipe.smoothing / 2
        loss = nn.functional.binary_cross_entropy_with_logits(logit.float(), smooth)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        """Update the running average."""
        self.average.update_parameters(self.detector)

    def validation_step(self, batch: Sample, _: int, dataloader_idx: int = 0) -> None:
        """Score a batch of plain crops by the running average."""
        images, labels = batch
        logit, _ = self.average(self.normalise(images))
        self._seen.setdefault(DEV_SETS[dataloader_idx], []).append((logit.float(), labels))

    def on_validation_epoch_end(self) -> None:
        """Log AUC and log loss of the dev sets."""
        for name, parts in self._seen.items():
            logits, labels = (torch.cat(column).cpu() for column in zip(*parts, strict=True))
            self.log(f"{name}_auc", float(roc_auc_score(labels, logits)))
            self.log(f"{name}_loss", float(log_loss(labels, logits.sigmoid().double())))
        self._seen.clear()

    def configure_optimizers(self) -> Any:
        """Return AdamW and the recipe's schedule, stepped at every step."""
        plain = [p for p in self.detector.parameters() if p.ndim > 1]
        free = [p for p in self.detector.parameters() if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": plain, "weight_decay": self.recipe.weight_decay},
             {"params": free, "weight_decay": 0.0}],
            lr=self.recipe.learning_rate,
        )  # fmt: skip
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self.recipe.rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class FrameData(lightning.LightningDataModule):
    """Pairs for training, a new dataset every epoch, and the two dev sets."""

    def __init__(self, recipe: FrameRecipe, faces: pl.DataFrame, workers: int) -> None:
        super().__init__()
        self.recipe, self.workers = recipe, workers
        self.train = faces.filter(pl.col("split") == "train")
        self.dev = faces.filter((pl.col("split") == "dev") & pl.col("track").eq(0))
        known = set(faces["dataset"].unique())
        self.sources = {name: share for name, share in recipe.sources.items() if name in known}
        if not len(self.dev):
            raise DataError(
                "the face sets hold no split 'dev' to select on; see `unmask data split`"
            )

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return the loader of the current epoch."""
        length = self.recipe.epoch_steps * self.recipe.pairs
        epoch = self.trainer.current_epoch if self.trainer else 0
        dataset = PairDataset(
            self.train,
            spec=self.recipe.crop,
            forged=self.recipe.forged,
            forgery=self.recipe.forgery,
            weights=self.sources,
            strength=self.recipe.strength,
            seed=self.recipe.seed,
            start=epoch * length,
            length=length,
        )
        return DataLoader(dataset, batch_size=self.recipe.pairs, num_workers=self.workers)

    def val_dataloader(self) -> list[DataLoader[Sample]]:
        """Return loaders of the dev rows and of forgeries of their reals, in `DEV_SETS`' order."""
        reals = self.dev.filter(pl.col("label") == 0)
        some = pl.concat(
            [part.sample(min(150, len(part)), seed=0) for part in reals.partition_by("dataset")]
        )
        sets = (
            CropDataset(
                self.dev.filter(pl.col("dataset").is_in(_with_fakes(self.dev))), self.recipe.crop
            ),
            CropDataset(some, self.recipe.crop, self.recipe.forgery),
        )
        return [DataLoader(each, batch_size=64, num_workers=self.workers) for each in sets]


def _with_fakes(faces: pl.DataFrame) -> list[str]:
    return faces.filter(pl.col("label") == 1)["dataset"].unique().to_list()


def train(
    recipe: FrameRecipe,
    face_sets: Sequence[Path],
    out: Path,
    *,
    workers: int = 1,
    accelerator: str = "auto",
) -> Path:
    """Train, or go on training, a run; return the path of its best checkpoint.

    Args:
        recipe: all choices.
        face_sets: folders of face sets; rows of split ``train`` are trained on, ``dev`` selects,
            and nothing else is read.
        out: the run's folder; where it holds ``last.ckpt`` of the same recipe, training goes on.
        workers: processes that make batches.
        accelerator: as Lightning names it.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.manual_seed(recipe.seed)
    faces = pl.concat(
        [read_faces(path).filter(pl.col("split").is_in(["train", "dev"])) for path in face_sets]
    )
    detector = FrameDetector(recipe.backbone, dropout=recipe.dropout, drop_path=recipe.drop_path)
    weights = load_imagenet(detector.backbone, recipe.backbone)
    out.mkdir(parents=True, exist_ok=True)
    _write_recipe(out / "recipe.json", recipe, faces, weights)
    best = ModelCheckpoint(
        out,
        "best",
        monitor="dev_auc",
        mode="max",
        enable_version_counter=False,
        save_weights_only=True,
    )
    last = ModelCheckpoint(out, "last", enable_version_counter=False)
    trainer = lightning.Trainer(
        accelerator=accelerator,
        precision="bf16-mixed",
        max_steps=recipe.steps,
        callbacks=[History(out / "metrics.csv"), best, last],
        logger=False,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        gradient_clip_val=1.0,
    )
    resume = out / "last.ckpt"
    with warnings.catch_warnings():
        # Lightning warns of what is meant here: a run's folder that is not empty, few workers.
        warnings.filterwarnings("ignore", module="lightning")
        trainer.fit(
            FrameModule(recipe, detector),
            FrameData(recipe, faces, workers),
            ckpt_path=resume if resume.exists() else None,
            weights_only=True,
        )
    return out / "best.ckpt"


def _write_recipe(path: Path, recipe: FrameRecipe, faces: pl.DataFrame, weights: str) -> None:
    """Write the run's recipe, or check that the run that is there has the same."""
    content = {
        "recipe": {**dataclasses.asdict(recipe), "crop": recipe.crop.model_dump()},
        "unmask": unmask.__version__,
        "weights": weights,
        "faces": _faces_facts(faces),
    }
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    if path.exists() and path.read_text() != text:
        raise DataError(f"{path}: the run there has another recipe or other data; use a new folder")
    path.write_text(text)


def _faces_facts(faces: pl.DataFrame) -> dict[str, Any]:
    """Return the counts and the hash of the faces that a run reads."""
    keys = faces.select("dataset", "video_id", "time", "label", "split", "identity")
    counts = faces.group_by("dataset", "split", "label").len().sort("dataset", "split", "label")
    return {
        "sha256": hashlib.sha256(keys.write_csv().encode()).hexdigest(),
        "counts": [list(row) for row in counts.iter_rows()],
    }
