"""``capstone-sequence``: one backbone over the frames of a clip, then two LSTM layers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field
from torch import nn

from unmask.training.detectors import SequenceDetector
from unmask.training.recipes.capstone_transfer import CapstoneTransferRecipe
from unmask.training.sequences import SequenceDataset


class CapstoneSequenceRecipe(CapstoneTransferRecipe):
    """Train `SequenceDetector` on the frames of one person of a clip; see also its base.

    Attributes:
        length: frames of a sequence; longer clips give this many, evenly spread, and shorter ones
            are filled up with frames marked as missing.
        lstm: width of the two LSTM layers.
    """

    name: ClassVar[str] = "capstone-sequence"
    input: ClassVar[Literal["frame", "sequence"]] = "sequence"
    description: ClassVar[str] = (
        "Scores a sequence of aligned face crops of one person for signs of face manipulation."
    )

    length: int = Field(default=16, ge=2, le=64)
    lstm: int = Field(default=128, ge=1)
    hidden: int = Field(default=64, ge=1)
    batch: int = Field(default=8, ge=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"

    def build(self) -> nn.Module:
        """Return the detector."""
        return SequenceDetector(
            self.backbone,
            self.crop.size,
            frozen=self.frozen,
            lstm=self.lstm,
            hidden=self.hidden,
            dropout=self.dropout,
        )

    def items(self, faces: pl.DataFrame, draw: tuple[int, int] | None = None) -> Any:
        """Return the sequences of ``faces``."""
        strength = self.strength if draw else None
        return SequenceDataset(faces, self.crop, self.length, strength, draw)
