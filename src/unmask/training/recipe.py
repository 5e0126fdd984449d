"""The recipe: every choice of a training run in one typed value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path

from unmask.errors import SettingError
from unmask.faces import CropSpec
from unmask.training.augment import Strength


@dataclass(frozen=True)
class FrameRecipe:
    """Train `FrameDetector` on pairs of reals and fakes. The defaults made the shipped bundle.

    Attributes:
        backbone: timm model.
        crop: what the detector sees.
        forged: share of pairs forged from reals; the rest are a dataset's own fakes.
        forgery: how they are forged.
        sources: dataset -> share of the forged pairs that start from its reals.
        strength: of the augmentation.
        steps: optimiser steps in all.
        pairs: pairs of a real and a fake in a batch.
        learning_rate: peak, of AdamW.
        warmup: steps of linear rise.
        decay: share of the steps at the end in which the rate falls linearly to zero.
        weight_decay: of AdamW, on all weights but biases and normalisation.
        smoothing: of the labels.
        average: decay of the running average of the weights, which is what is exported.
        dropout: on pooled features.
        drop_path: on residual branches.
        epoch_steps: steps between validations and checkpoints.
        seed: of weights, data and dropout.
    """

    backbone: str = "tf_efficientnet_lite0"
    crop: CropSpec = field(default_factory=CropSpec)
    forged: float = 0.15
    forgery: str = "self_blend"
    sources: dict[str, float] = field(
        default_factory=lambda: {"dfdc-faces": 0.5, "utkface": 0.35, "clips": 0.15}
    )
    strength: Strength = field(default_factory=Strength)
    steps: int = 2000
    pairs: int = 16
    learning_rate: float = 4e-4
    warmup: int = 300
    decay: float = 0.85
    weight_decay: float = 0.02
    smoothing: float = 0.02
    average: float = 0.998
    dropout: float = 0.2
    drop_path: float = 0.05
    epoch_steps: int = 400
    seed: int = 20

    def __post_init__(self) -> None:
        if not 0 <= self.forged <= 1:
            raise SettingError(f"forged must be in [0, 1]. Got {self.forged}")
        if self.steps < self.epoch_steps or self.pairs < 1:
            raise SettingError("a run must have at least one epoch and one pair a batch")

    def rate(self, step: int) -> float:
        """Return the learning rate of a step as a share of the peak."""
        left = (self.steps - step) / max(1, self.decay * self.steps)
        return max(0.0, min(1.0, (step + 1) / max(1, self.warmup), left))


def read_recipe(path: Path | None) -> FrameRecipe:
    """Return the recipe of a JSON file: an object of the choices that differ from the defaults.

    Raises:
        SettingError: the file cannot be read, or names a choice that there is not.
    """
    if path is None:
        return FrameRecipe()
    try:
        choices = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: not a readable recipe ({error})") from error
    known = {each.name for each in fields(FrameRecipe)}
    unknown = sorted(set(choices) - known)
    if unknown:
        raise SettingError(
            f"{path}: no such choice: {unknown[0]} (known: {', '.join(sorted(known))})"
        )
    values = dict(choices)
    if "crop" in values:
        values["crop"] = CropSpec(**values["crop"])
    if "strength" in values:
        values["strength"] = Strength(**values["strength"])
    return FrameRecipe(**values)
