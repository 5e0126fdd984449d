"""Giving one face the colours and the light of another."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unmask.forgery.base import Mask
from unmask.types import Image

_SMALL = 64


def match_statistics(source: Image, target: Image, mask: Mask, strength: float = 1.0) -> Image:
    """Give ``source`` the mean and spread of ``target``'s colours under the mask, in CIELAB.

    After Reinhard et al., "Color transfer between images", 2001. Spreads grow by at most a
    factor of 1.6, so that a flat face is not blown up into noise.

    Args:
        source: uint8 RGB [h, w, 3].
        target: uint8 RGB [h, w, 3].
        mask: float32 [h, w]; pixels above half of its greatest value count.
        strength: 0 leaves the source as it is, 1 matches it.
    """
    inside = _inside(mask)
    lab = cv2.cvtColor(source.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    goal = cv2.cvtColor(target.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean, spread = cv2.meanStdDev(lab, mask=inside)
    goal_mean, goal_spread = cv2.meanStdDev(goal, mask=inside)
    gain = np.clip((goal_spread + 0.5) / (spread + 0.5), 0.2, 1.6)
    gain = 1 + strength * (gain - 1)
    offset = mean + strength * (goal_mean - mean) - gain * mean
    matched = cv2.transform(lab, np.hstack([np.diag(gain[:, 0]), offset]).astype(np.float32))
    rgb = cv2.cvtColor(np.asarray(matched, np.float32), cv2.COLOR_LAB2RGB)
    return np.rint(rgb * 255).clip(0, 255).astype(np.uint8)


def match_light(source: Image, target: Image, mask: Mask, strength: float = 1.0) -> Image:
    """Add to ``source`` the slow differences from ``target``, most of all along the mask's edge.

    The differences just inside the edge, and faintly those further in, are spread over the face by
    a wide normalised blur. It does for a face what gradient-domain cloning does (Perez et al.,
    "Poisson image editing", 2003), at a fraction of the time and also where the face is cut by the
    picture's edge. Arguments as for :func:`match_statistics`.
    """
    height, width = mask.shape
    difference = cv2.resize(
        target.astype(np.float32) - source, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA
    )
    inside = cv2.resize(_inside(mask), (_SMALL, _SMALL), interpolation=cv2.INTER_NEAREST)
    core = cv2.erode(inside, np.ones((9, 9), np.uint8), borderValue=1)
    weight = (inside * np.float32(1) - core * np.float32(0.9))[..., None]
    sigma = 0.12 * _SMALL
    spread = cv2.GaussianBlur(difference * weight, (0, 0), sigma)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    slow = cv2.resize(spread / (total + 1e-4), (width, height), interpolation=cv2.INTER_LINEAR)
    lit = source + np.float32(strength) * slow
    return np.rint(lit).clip(0, 255).astype(np.uint8)


def _inside(mask: Mask) -> npt.NDArray[np.uint8]:
    return (mask > 0.5 * mask.max()).astype(np.uint8)
