"""How much a face can tell: its size, its sharpness, and how far it is turned away."""

from __future__ import annotations

import math
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from unmask.types import Points, Value

Positive = Annotated[float, Field(gt=0)]

NOSE_DEPTH: Final = 0.84
"""How far the nose tip stands out in front of the eyes and the mouth, in half distances between the
eyes, so that a turn of the head can be told from how far it strays from the middle."""

PROFILE: Final = 90.0


class Quality(Value):
    """From when on a face counts in full.

    A face counts 1 at ``size`` pixels (shorter side of its box), a ``sharpness`` of its crop and a
    turn of at most ``turn`` degrees; below those in proportion, beyond the turn falling to nothing
    in profile, and the three multiply. No face counts less than ``least``.
    """

    size: Positive = 80.0
    sharpness: Positive = 12.0
    turn: float = Field(default=30.0, ge=0, lt=PROFILE)
    least: float = Field(default=0.1, gt=0, le=1)

    def weigh(self, size: float, sharpness: float, landmarks: Points) -> float:
        """Return how much a face counts, from ``least`` to 1.

        Args:
            size: shorter side of its box, pixels of the frame.
            sharpness: of its crop, as `unmask.faces.sharpness` returns it.
            landmarks: float64 [5, 2], as those of `unmask.types.Face`.
        """
        away = max(0.0, turn_of(landmarks) - self.turn) / (PROFILE - self.turn)
        count = min(1.0, size / self.size) * min(1.0, sharpness / self.sharpness) * (1 - away)
        return max(self.least, count)


def turn_of(landmarks: Points) -> float:
    """Return about how many degrees a head is turned to its side, 0 (frontal) to 90 (profile).

    The nose tip stands out, so in a turned head it strays from the middle line of eyes and mouth,
    while the two eyes come nearer to one another. A tilt in the plane of the picture is no turn.

    >>> turn_of(np.array([[-1.0, 0], [1, 0], [0, 1], [-0.8, 2], [0.8, 2]]))
    0.0
    """
    eyes, mouth = landmarks[:2], landmarks[3:]
    down = mouth.mean(0) - eyes.mean(0)
    height = float(np.hypot(*down))
    if height == 0:
        return PROFILE
    across = np.array([down[1], -down[0]]) / height
    middle = (eyes.mean(0) + mouth.mean(0)) / 2
    stray = abs(float((landmarks[2] - middle) @ across))
    half = max(float((eyes[1] - eyes[0]) @ across), float((mouth[1] - mouth[0]) @ across)) / 2
    return math.degrees(math.atan2(stray, NOSE_DEPTH * max(half, 0.0))) if stray else 0.0
