"""Transfer learning: a timm backbone with a head of two dense layers, on single crops."""

from __future__ import annotations

from torch import Tensor, nn

from unmask.training.detectors.backbone import Backbone


class TransferDetector(nn.Module):
    """Logit of fake from pooled features.

    Args:
        backbone: see `Backbone`.
        size: side of the crops.
        frozen: leave the backbone as it is.
        hidden: width of the first dense layer.
        dropout: share of its outputs dropped in training.
    """

    def __init__(
        self, backbone: str, size: int, *, frozen: bool, hidden: int = 256, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.backbone = Backbone(backbone, size, frozen=frozen)
        self.dense = nn.Sequential(
            nn.Linear(self.backbone.width, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def features(self, x: Tensor) -> Tensor:
        """Return the backbone's features [B, C] of normalised crops [B, 3, S, S]."""
        features: Tensor = self.backbone(x)
        return features

    def head(self, features: Tensor) -> Tensor:
        """Return ``logit`` [B] of features [B, C]."""
        logit: Tensor = self.dense(features)[:, 0]
        return logit

    def forward(self, x: Tensor) -> Tensor:
        """Return ``logit`` [B] of normalised crops ``x`` [B, 3, S, S]."""
        return self.head(self.features(x))
