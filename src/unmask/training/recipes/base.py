"""What every recipe chooses, and what the trainer asks of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field
from torch import nn
from torch.utils.data import Dataset, Subset

from unmask.detect.card import Normalisation
from unmask.errors import DataError, SettingError
from unmask.faces import CropSpec
from unmask.training.augment import Strength
from unmask.types import Value


class Recipe(Value, ABC):
    """Every choice of a training run in one typed value.

    Attributes:
        crop: what the detector sees.
        learning_rate: peak, of AdamW.
        schedule: how the rate goes on after ``warmup``; see `rate`.
        warmup: optimiser steps of linear rise.
        decay: share of the steps, at the end, in which a linear schedule falls to zero.
        weight_decay: of AdamW, on all weights but biases and normalisation.
        smoothing: of the labels.
        taught: share of the loss that asks for the teachers' probability in place of the label
            (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015); above 0 a run
            must be given teachers.
        average: decay of a running average of the weights, which is then what is judged and
            exported; 0 for none.
        clip: greatest norm of the gradient; 0 for any.
        accumulate: batches to an optimiser step.
        precision: of the arithmetic, as Lightning names it.
        monitor: figure of the dev set by which the best checkpoint is chosen.
        patience: epochs without a better ``monitor`` after which training stops; 0 for never.
        seed: of weights, data and dropout.
    """

    name: ClassVar[str]
    """Name of the recipe."""

    input: ClassVar[Literal["frame", "sequence"]] = "frame"
    """What the detector takes; see `unmask.detect.Card`."""

    description: ClassVar[str] = (
        "Scores aligned face crops one by one for signs of face manipulation."
    )
    """Of the detector, for its card."""

    crop: CropSpec = CropSpec()
    learning_rate: float = Field(default=3e-4, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: int = Field(default=0, ge=0)
    decay: float = Field(default=1.0, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    taught: float = Field(default=0.0, ge=0, le=1)
    average: float = Field(default=0.0, ge=0, lt=1)
    clip: float = Field(default=1.0, ge=0)
    accumulate: int = Field(default=1, ge=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "bf16-mixed"
    monitor: Literal["dev_loss", "dev_auc"] = "dev_loss"
    patience: int = Field(default=0, ge=0)
    seed: int = Field(default=20, ge=0)

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the detector, with random weights."""

    @abstractmethod
    def train_set(self, faces: pl.DataFrame, epoch: int) -> Dataset[Any]:
        """Return what an epoch trains on, in its order: a function of ``seed`` and ``epoch``.

        An item is what the detector takes (pictures as uint8) and the label, float [].
        """

    @abstractmethod
    def dev_sets(self, faces: pl.DataFrame) -> dict[str, Dataset[Any]]:
        """Return what each epoch is judged on, by name; ``dev`` must be among them."""

    @abstractmethod
    def total_steps(self, faces: pl.DataFrame) -> int:
        """Return the optimiser steps of the whole run."""

    def last_step(self, faces: pl.DataFrame) -> int:
        """Return the step to stop at; the rate is that of a run of `total_steps` all the same."""
        return self.total_steps(faces)

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Items of `train_set` in a batch."""

    @property
    def cached(self) -> bool:
        """Whether the backbone's features never change, so that they are computed only once."""
        return False

    def load_weights(self, detector: nn.Module, file: Path | None) -> str:
        """Give the detector the weights that it starts from; return where they came from."""
        del detector
        if file is not None:
            raise SettingError(f"{self.name} has no backbone to load {file} into")
        return "none"

    def usable(self, faces: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of split ``train`` that are worth training on."""
        return faces

    @property
    def place_weight(self) -> float | None:
        """Weight in the loss of telling which places were changed; None if not asked for.

        Where it is, an item of `train_set` holds these places before its label, and the detector
        gives its logits for them last.
        """
        return None

    def loss_weights(self, faces: pl.DataFrame) -> tuple[float, float]:
        """Return the weights of a real and of a fake in the loss, in training and on dev."""
        del faces
        return 1.0, 1.0

    def normalisation(self) -> Normalisation:
        """Return how pixels become the network's input."""
        return Normalisation()

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of ``step`` of ``steps``, as a share of the peak."""
        rise = (step + 1) / max(1, self.warmup)
        if self.schedule == "constant":
            return min(1.0, rise)
        if self.schedule == "linear":
            left = (steps - step) / max(1, self.decay * steps)
            return max(0.0, min(1.0, rise, left))
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return min(1.0, rise) * (1 + math.cos(math.pi * min(1.0, max(0.0, done)))) / 2


class EpochRecipe(Recipe):
    """A recipe that goes through the faces of a split once an epoch.

    Attributes:
        epochs: most epochs.
        batch: items in a batch.
        balance: ``weights``: the loss counts both classes alike, in training and on dev;
            ``sampling``: each item of an epoch is real or fake with equal chance, and the loss on
            dev counts both alike; ``none``: neither.
        strength: of the augmentation; none if absent.
    """

    epochs: int = Field(default=20, ge=1)
    batch: int = Field(default=32, ge=1)
    balance: Literal["none", "weights", "sampling"] = "weights"
    strength: Strength | None = Strength()

    @abstractmethod
    def items(self, faces: pl.DataFrame, draw: tuple[int, int] | None = None) -> Any:
        """Return a dataset of all items with their ``labels``, augmented by ``draw`` if given."""

    def train_set(self, faces: pl.DataFrame, epoch: int) -> Subset[Any]:
        """Return the items in the epoch's order."""
        items = self.items(faces, (self.seed, epoch) if self.strength else None)
        labels = np.array(items.labels)
        if set(labels.tolist()) != {0, 1}:
            raise DataError("training needs reals and fakes in split 'train'")
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(labels))
        if self.balance == "sampling":
            share = np.where(labels == 1, labels.mean(), 1 - labels.mean())
            order = rng.choice(len(labels), len(labels), p=1 / share / (1 / share).sum())
        return Subset(items, order.tolist())

    def dev_sets(self, faces: pl.DataFrame) -> dict[str, Dataset[Any]]:
        """Return all items of dev."""
        return {"dev": self.items(faces)}

    def total_steps(self, faces: pl.DataFrame) -> int:
        """Return the steps of all epochs."""
        batches = math.ceil(len(self.items(faces)) / self.batch)
        return self.epochs * math.ceil(batches / self.accumulate)

    @property
    def batch_size(self) -> int:
        """Items in a batch."""
        return self.batch

    def loss_weights(self, faces: pl.DataFrame) -> tuple[float, float]:
        """Return weights with which both classes have the same share in the loss."""
        if self.balance == "none":
            return 1.0, 1.0
        share = float(np.mean(self.items(faces).labels))
        return 0.5 / (1 - share), 0.5 / share
