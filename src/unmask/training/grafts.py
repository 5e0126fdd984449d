"""New fakes out of a dataset's own: part of a forged face, put back into its original.

A few thousand fakes are soon learned by heart. Where a fake and its original show the same frame,
any part of the one can stand in the other, at any strength and with any edge: the traces of the
dataset's own forgeries then turn up in pictures that are never the same twice, and every place is
told what belongs to it. As in Face X-ray (Li et al., CVPR 2020), but between a forged face and the
very picture that it was made from.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import project
from unmask.forgery.masks import draw_mask, soft_mask, window_around
from unmask.training.changes import difference, visible
from unmask.types import Image, Points

_PARTS: Final = {
    "face": 0.2,
    "brows_to_chin": 0.2,
    "inner": 0.2,
    "lower": 0.1,
    "eyes_nose": 0.1,
    "nose_mouth": 0.1,
    "eyes": 0.05,
    "mouth": 0.05,
}


def graft(real: Image, fake: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """Return the real picture with part of the fake's face, or the fake where nothing would show.

    Args:
        real: uint8 RGB [H, W, 3].
        fake: made from ``real``, of the same frame and place.
        landmarks: float64 [5, 2], of the real.
        rng: source of the choices.
    """
    window = window_around(project(landmarks), *real.shape[:2])
    mask = soft_mask(draw_mask(rng, _PARTS), project(landmarks), window)
    made = blend_in(real, window.of(fake), mask, window).image
    change = difference(real, made)
    return made if change is not None and visible(change) else fake
