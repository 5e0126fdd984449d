"""The capstone's own network: six convolutions, three pools, two dense layers."""

from __future__ import annotations

from torch import Tensor, nn


class CapstoneCnn(nn.Module):
    """Two convolutions of 3 x 3 and a pool, three times; then a dense layer and the logit.

    Args:
        size: side of the crops.
        channels: of the two convolutions before each pool.
        hidden: width of the first dense layer.
        dropout: share of its outputs dropped in training.
        batch_norm: normalise after each convolution.
    """

    def __init__(
        self,
        size: int,
        *,
        channels: tuple[int, int, int] = (32, 64, 128),
        hidden: int = 128,
        dropout: float = 0.5,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in channels:
            for _ in range(2):
                layers.append(nn.Conv2d(before, width, 3, padding=1, bias=not batch_norm))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(width))
                layers.append(nn.ReLU())
                before = width
            layers.append(nn.MaxPool2d(2))
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(before * (size // 8) ** 2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return ``logit`` [B] of normalised crops ``x`` [B, 3, S, S]."""
        logit: Tensor = self.head(self.convolutions(x))[:, 0]
        return logit
