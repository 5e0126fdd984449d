"""A timm backbone with a pooled linear head, on single crops."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn


class FrameDetector(nn.Module):
    """Logit of fake, and the exact class-activation map behind it.

    The head is the mean over places of a linear function of the last features, so that
    mean(cam) + bias = logit holds by construction.

    Args:
        backbone: name of a timm model with ``forward_features`` giving [B, C, h, w].
        dropout: share of pooled features dropped in training.
        drop_path: share of residual branches dropped in training.
    """

    def __init__(self, backbone: str, *, dropout: float = 0.2, drop_path: float = 0.0) -> None:
        super().__init__()
        options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
        # timm draws a one-output EfficientNet head from uniform(-1, 1); the head here is its own.
        self.backbone = timm.create_model(backbone, num_classes=0, global_pool="", **options)
        self.dropout = nn.Dropout(dropout)
        features: Any = self.backbone.num_features
        self.head = nn.Conv2d(features, 1, kernel_size=1, bias=False)
        nn.init.normal_(self.head.weight, std=0.01)
        self.bias = nn.Parameter(torch.zeros(1))
        self.where = nn.Conv2d(features, 1, kernel_size=1)
        nn.init.normal_(self.where.weight, std=0.01)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return ``logit`` [B] and ``cam`` [B, h, w] of normalised crops ``x`` [B, 3, S, S].

        ``cam`` is without the bias. In training the dropout acts on whole channels, as it would
        on pooled features, and a third output [B, h, w] is the logit of each place's having been
        changed: a second task (Dang et al., "On the Detection of Digital Face Manipulation", CVPR
        2020), by which it must be learned not only that a face is fake, but where.
        """
        features = self.backbone(x)
        features = features * self.dropout(torch.ones_like(features[:, :, :1, :1]))
        cam = self.head(features)[:, 0].float()
        logit = cam.mean((1, 2)) + self.bias
        return (logit, cam, self.where(features)[:, 0].float()) if self.training else (logit, cam)
