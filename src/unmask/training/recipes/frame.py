"""``frame``: the detector that ships, trained on pairs of a real and a fake made from it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator
from torch import nn
from torch.utils.data import Dataset

from unmask.faces import CropSpec
from unmask.training.augment import Strength
from unmask.training.changes import without_failed
from unmask.training.detectors import FrameDetector
from unmask.training.pairs import CropDataset, PairDataset
from unmask.training.recipes.base import Recipe
from unmask.training.weights import run_weights, start_from


def _place(person: str) -> float:
    """Return a person's place in 0..1, which the name alone decides."""
    return zlib.crc32(person.encode()) / 2**32


class FrameRecipe(Recipe):
    """Train `FrameDetector` on pairs of reals and fakes. The defaults made the shipped bundle.

    Attributes:
        backbone: timm model.
        weights: what the backbone starts from.
        people: share of the people who are trained on; below 1 for a learning curve.
        forged: share of pairs forged from reals; the rest are a dataset's own fakes.
        grafted: share of these whose fake is only in part put into its original.
        forgeries: forgery -> share of the forged pairs.
        sources: dataset -> share of the forged pairs that start from its reals.
        strength: of the augmentation.
        steps: optimiser steps in all.
        stop: step to stop at, where another recipe goes on from this run's ``last.ckpt``; 0 for
            the last.
        pairs: pairs of a real and a fake in a batch.
        dropout: on pooled features.
        drop_path: on residual branches.
        locate: weight of the second task, to say which places of a fake were changed.
        epoch_steps: optimiser steps between validations and checkpoints.
    """

    name: ClassVar[str] = "frame"

    backbone: str = "tf_efficientnet_lite2"
    weights: Literal["imagenet", "none"] = "imagenet"
    people: float = Field(default=1.0, gt=0, le=1)
    forged: float = Field(default=0.4, ge=0, le=1)
    grafted: float = Field(default=0.5, ge=0, le=1)
    forgeries: dict[str, float] = Field(
        default_factory=lambda: {
            "self_blend": 0.4,
            "cross_blend": 0.2,
            "face_swap": 0.2,
            "region_blend": 0.1,
            "resample_mismatch": 0.1,
        }
    )
    sources: dict[str, float] = Field(
        default_factory=lambda: {"dfdc-faces": 0.5, "utkface": 0.35, "clips": 0.15}
    )
    crop: CropSpec = CropSpec(size=192, eye_mouth=0.43)
    strength: Strength = Strength(
        colour=0.6,
        light=0.35,
        gamma=0.45,
        resample=0.35,
        smallest=0.4,
        blur=0.2,
        noise=0.2,
        grain=14.0,
        jpeg=0.45,
        quality=(30, 95),
        h264=0.25,
        erase=0.25,
    )
    steps: int = Field(default=3500, ge=1)
    stop: int = Field(default=0, ge=0)
    pairs: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: int = Field(default=300, ge=0)
    decay: float = Field(default=0.85, gt=0, le=1)
    weight_decay: float = Field(default=0.05, ge=0)
    smoothing: float = Field(default=0.03, ge=0, lt=1)
    average: float = Field(default=0.999, ge=0, lt=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    drop_path: float = Field(default=0.15, ge=0, lt=1)
    locate: float = Field(default=0.5, ge=0)
    epoch_steps: int = Field(default=500, ge=1)
    monitor: Literal["dev_loss", "dev_auc"] = "dev_auc"
    patience: int = Field(default=2, ge=0)

    @model_validator(mode="after")
    def _whole_epochs(self) -> FrameRecipe:
        if self.steps % self.epoch_steps or self.stop % self.epoch_steps:
            raise ValueError(
                f"steps and stop must each be a multiple of epoch_steps = {self.epoch_steps}"
            )
        return self

    def build(self) -> nn.Module:
        """Return the detector."""
        return FrameDetector(self.backbone, dropout=self.dropout, drop_path=self.drop_path)

    def load_weights(self, detector: nn.Module, file: Path | None) -> str:
        """Load the backbone's ImageNet weights, or all those of another run's checkpoint."""
        if file is not None and (found := run_weights(file)):
            detector.load_state_dict(found)
            return f"run {file.parent.name}, {file.name}"
        backbone: Any = detector.backbone
        return start_from(backbone, self.backbone, self.weights, file)

    def usable(self, faces: pl.DataFrame) -> pl.DataFrame:
        """Leave out fakes in whose picture nothing was changed, and people if only a share stays.

        A smaller share's people are among a larger one's.
        """
        person = pl.coalesce("identity", "group_id")
        place = person.map_elements(_place, pl.Float64)
        return without_failed(faces.filter(place < self.people))

    @property
    def place_weight(self) -> float:
        """Weight of the second task."""
        return self.locate

    def train_set(self, faces: pl.DataFrame, epoch: int) -> Dataset[Any]:
        """Return the epoch's pairs."""
        known = set(faces["dataset"].unique())
        length = self.epoch_steps * self.accumulate * self.pairs
        return PairDataset(
            faces,
            spec=self.crop,
            forged=self.forged,
            grafted=self.grafted,
            forgeries=self.forgeries,
            weights={name: share for name, share in self.sources.items() if name in known},
            strength=self.strength,
            seed=self.seed,
            start=epoch * length,
            length=length,
        )

    def dev_sets(self, faces: pl.DataFrame) -> dict[str, Dataset[Any]]:
        """Return the rows of datasets that have fakes, and forgeries of all datasets' reals."""
        reals = faces.filter(pl.col("label") == 0)
        some = pl.concat(
            [part.sample(min(150, len(part)), seed=0) for part in reals.partition_by("dataset")]
        )
        with_fakes = faces.filter(pl.col("label") == 1)["dataset"].unique().to_list()
        return {
            "dev": CropDataset(faces.filter(pl.col("dataset").is_in(with_fakes)), self.crop),
            "dev_forged": CropDataset(some, self.crop, "self_blend"),
        }

    def total_steps(self, faces: pl.DataFrame) -> int:
        """Return ``steps``."""
        del faces
        return self.steps

    def last_step(self, faces: pl.DataFrame) -> int:
        """Return ``stop`` or ``steps``."""
        return self.stop or self.total_steps(faces)

    @property
    def batch_size(self) -> int:
        """Pairs in a batch."""
        return self.pairs
