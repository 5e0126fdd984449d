"""``capstone-transfer``: a backbone that learned from ImageNet, and a head of two dense layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field
from torch import nn

from unmask.detect.card import Normalisation
from unmask.training.augment import Strength
from unmask.training.crops import TrainingCrops
from unmask.training.detectors import TransferDetector
from unmask.training.detectors.backbone import backbone_normalisation, timm_name
from unmask.training.recipes.base import EpochRecipe
from unmask.training.weights import start_from


class CapstoneTransferRecipe(EpochRecipe):
    """Train `TransferDetector` on single crops.

    Attributes:
        backbone: timm model, or one of the capstone's: VGG16, Xception, InceptionV3, ResNet50V2.
        weights: what the backbone starts from.
        frozen: leave the backbone as it is and train the head only. Without augmentation, as by
            default, its features are then computed once and kept in memory.
        hidden: width of the first dense layer.
        dropout: before the last dense layer.
    """

    name: ClassVar[str] = "capstone-transfer"

    backbone: str = "tf_efficientnet_lite0"
    weights: Literal["imagenet", "none"] = "imagenet"
    frozen: bool = True
    hidden: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    strength: Strength | None = None
    learning_rate: float = Field(default=1e-3, gt=0)
    patience: int = Field(default=5, ge=0)

    @property
    def cached(self) -> bool:
        """Whether the same features come again each epoch."""
        return self.frozen and self.strength is None

    def build(self) -> nn.Module:
        """Return the detector."""
        return TransferDetector(
            self.backbone,
            self.crop.size,
            frozen=self.frozen,
            hidden=self.hidden,
            dropout=self.dropout,
        )

    def load_weights(self, detector: nn.Module, file: Path | None) -> str:
        """Load the backbone's ImageNet weights."""
        backbone: Any = detector.backbone
        return start_from(backbone.net, timm_name(self.backbone), self.weights, file)

    def items(self, faces: pl.DataFrame, draw: tuple[int, int] | None = None) -> Any:
        """Return the crops of ``faces``."""
        return TrainingCrops(faces, self.crop, self.strength if draw else None, draw)

    def normalisation(self) -> Normalisation:
        """Return that of the backbone's ImageNet weights."""
        return backbone_normalisation(self.backbone)
