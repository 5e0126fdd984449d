"""``capstone-cnn``: a small network of one's own, from random weights."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
from pydantic import Field
from torch import nn

from unmask.training.crops import TrainingCrops
from unmask.training.detectors import CapstoneCnn
from unmask.training.recipes.base import EpochRecipe


class CapstoneCnnRecipe(EpochRecipe):
    """Train `CapstoneCnn` on single crops.

    Attributes:
        channels: of the two convolutions before each pool.
        hidden: width of the first dense layer.
        dropout: before the last dense layer.
        batch_norm: normalise after each convolution, which the capstone's network did not.
    """

    name: ClassVar[str] = "capstone-cnn"

    channels: tuple[int, int, int] = (32, 64, 128)
    hidden: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    batch_norm: bool = False
    patience: int = Field(default=5, ge=0)

    def build(self) -> nn.Module:
        """Return the detector."""
        return CapstoneCnn(
            self.crop.size,
            channels=self.channels,
            hidden=self.hidden,
            dropout=self.dropout,
            batch_norm=self.batch_norm,
        )

    def items(self, faces: pl.DataFrame, draw: tuple[int, int] | None = None) -> Any:
        """Return the crops of ``faces``."""
        return TrainingCrops(faces, self.crop, self.strength if draw else None, draw)
