"""A timm network as a backbone: pooled features of crops, trained or left as it is."""

from __future__ import annotations

from typing import Any, Final

import timm
import torch
from torch import Tensor, nn

from unmask.detect.card import Normalisation
from unmask.errors import SettingError

CAPSTONE: Final = {
    "VGG16": "vgg16",
    "Xception": "legacy_xception",
    "InceptionV3": "inception_v3",
    "ResNet50V2": "resnetv2_50",
}
"""The capstone's names (Keras's), and timm's for the same architectures."""


def timm_name(name: str) -> str:
    """Return timm's name of a backbone.

    Raises:
        SettingError: timm has no such model.
    """
    found = CAPSTONE.get(name, name)
    if not timm.is_model(found):
        raise SettingError(
            f"backbone must be a timm model or one of {', '.join(CAPSTONE)}. Got {name}"
        )
    return found


def backbone_normalisation(name: str) -> Normalisation:
    """Return how the ImageNet weights of a backbone want their pixels."""
    facts = timm.get_pretrained_cfg(timm_name(name))
    if facts is None:
        return Normalisation()
    return Normalisation(mean=facts.mean, std=facts.std)


class Backbone(nn.Module):
    """Pooled features of a timm network without its classifier.

    Args:
        name: see `timm_name`.
        size: side of the crops.
        frozen: never train it: no gradients, and normalisation and dropout as in use.

    Attributes:
        net: the timm network.
        width: number of features.

    Raises:
        SettingError: timm has no such model, or it does not run on crops of this size.
    """

    def __init__(self, name: str, size: int, *, frozen: bool) -> None:
        super().__init__()
        self.net = timm.create_model(timm_name(name), num_classes=0)
        if hasattr(self.net, "pre_logits"):  # VGG's fully-connected layers belong to its classifier
            self.net.pre_logits = nn.Identity()
        self.frozen = frozen
        self.requires_grad_(not frozen)
        try:
            with torch.no_grad():
                self.width = self.net.eval()(torch.zeros(1, 3, size, size)).shape[1]
        except (AssertionError, RuntimeError) as error:
            raise SettingError(
                f"{name} does not run on crops of {size} pixels ({error}); change crop.size"
            ) from error
        self.train()

    def train(self, mode: bool = True) -> Backbone:  # noqa: FBT001, FBT002 - PyTorch's signature
        """Set the mode, which leaves a frozen network as it is in use."""
        return super().train(mode and not self.frozen)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features [B, C] of normalised crops [B, 3, S, S]."""
        features: Any = self.net(x)
        return features
