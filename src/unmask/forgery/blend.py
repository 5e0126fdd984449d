"""Putting a face into a picture."""

from __future__ import annotations

import numpy as np

from unmask.forgery.base import Forged, Mask
from unmask.forgery.masks import Window
from unmask.types import Image


def blend_in(target: Image, source: Image, mask: Mask, window: Window) -> Forged:
    """Alpha-blend ``source`` over one window of ``target``.

    Args:
        target: uint8 RGB [H, W, 3], left untouched.
        source: uint8 RGB [h, w, 3], of the window's size.
        mask: float32 [h, w], the share of the source.
        window: where in the target.

    Returns:
        The forged picture with the mask of the whole picture; equal to ``target`` where that is 0.
    """
    under = window.of(target).astype(np.float32)
    over = under + (source.astype(np.float32) - under) * mask[..., None]
    image = target.copy()
    image[window.slices] = np.rint(over).clip(0, 255).astype(np.uint8)
    whole = np.zeros(target.shape[:2], np.float32)
    whole[window.slices] = mask
    return Forged(image, whole, target)
