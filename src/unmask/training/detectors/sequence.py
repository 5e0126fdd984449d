"""Sequences: one backbone over all frames, a mask for the missing ones, two LSTM layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unmask.training.detectors.backbone import Backbone


class SequenceDetector(nn.Module):
    """Logit of fake from the crops of one person over time.

    Missing frames are passed over: the state goes from one frame that is there to the next, so
    that the logit does not depend on where the gaps are, nor on what the missing crops hold.

    Args:
        backbone: see `Backbone`; it sees each frame by itself.
        size: side of the crops.
        frozen: leave the backbone as it is.
        lstm: width of the two LSTM layers.
        hidden: width of the dense layer after them.
        dropout: share of outputs dropped in training, between the layers.
    """

    def __init__(
        self,
        backbone: str,
        size: int,
        *,
        frozen: bool,
        lstm: int = 128,
        hidden: int = 64,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(backbone, size, frozen=frozen)
        self.lstm = nn.LSTM(
            self.backbone.width, lstm, num_layers=2, batch_first=True, dropout=dropout
        )
        self.dense = nn.Sequential(
            nn.Linear(lstm, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
        )

    def features(self, x: Tensor) -> Tensor:
        """Return the backbone's features [B, T, C] of normalised crops [B, T, 3, S, S]."""
        features: Tensor = self.backbone(x.flatten(0, 1))
        return features.reshape(*x.shape[:2], -1)

    def head(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return ``logit`` [B] of features [B, T, C]; ``mask`` [B, T] is true where one is."""
        length = mask.shape[1]
        place = torch.arange(length, device=mask.device)
        # The frames that are there come first, in their order; what follows the last of them
        # cannot reach back to it.
        order = torch.where(mask, place, place + length).argsort(dim=1)
        present = features.gather(1, order[:, :, None].expand_as(features))
        states, _ = self.lstm(present)
        last = (mask.sum(1) - 1).clamp(min=0)[:, None, None].expand(-1, 1, states.shape[2])
        logit: Tensor = self.dense(states.gather(1, last)[:, 0])[:, 0]
        return logit

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``logit`` [B] of crops ``x`` [B, T, 3, S, S], of which ``mask`` [B, T] are."""
        return self.head(self.features(x), mask)
