"""A face drawn from five points.

Five landmarks say where a face is, not where it ends. A coarse face in three dimensions, measured
in distances between the eyes, is fitted to them by an affine camera; its outline, brows and lips
then fall where those of the person are likely to be, turned heads included.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from unmask.types import Points

_HALF: Final[dict[str, tuple[float, float, float]]] = {
    # name: x to the right, y down, z towards the viewer. The other half is its mirror image.
    "forehead_top": (0.36, -1.02, 0.02),
    "forehead_side": (0.78, -0.78, -0.25),
    "temple": (1.00, -0.36, -0.55),
    "ear": (1.04, 0.02, -0.75),
    "ear_low": (1.03, 0.36, -0.72),
    "jaw_high": (0.98, 0.72, -0.62),
    "jaw": (0.90, 1.06, -0.48),
    "jaw_low": (0.74, 1.38, -0.25),
    "chin_side": (0.45, 1.64, -0.02),
    "chin": (0.14, 1.77, 0.10),
    "brow_out": (0.86, -0.28, -0.20),
    "brow_arch": (0.62, -0.42, 0.02),
    "brow_in": (0.20, -0.34, 0.14),
    "eye_out": (0.76, 0.02, -0.08),
    "eye_low": (0.50, 0.17, 0.04),
    "eye_in": (0.24, 0.04, 0.04),
    "bridge": (0.12, 0.10, 0.22),
    "nose_wing": (0.29, 0.62, 0.22),
    "nose_base": (0.12, 0.74, 0.28),
    "cheek": (0.72, 0.50, -0.08),
    "fold": (0.52, 0.86, 0.06),
    "lip_corner": (0.42, 1.15, 0.08),
    "lip_high": (0.13, 0.99, 0.24),
    "lip_low": (0.16, 1.36, 0.20),
    "chin_front": (0.30, 1.58, 0.14),
}

POINTS: Final[dict[str, int]] = {
    f"{name}_{side}": 2 * k + (side == "r") for k, name in enumerate(_HALF) for side in "lr"
}
"""Index of each point of the model by name; ``_l`` is the left half as seen in the picture."""

MODEL: Final[Points] = np.array(
    [[sign * x, y, z] for x, y, z in _HALF.values() for sign in (-1, 1)], dtype=np.float64
)
"""The points of the model, float64 [50, 3], in distances between the eyes, whose middle is 0."""

FIVE: Final[Points] = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.55, 0.42], [-0.40, 1.08, 0.10], [0.40, 1.08, 0.10]],
    dtype=np.float64,
)
"""The five landmarks on the model, float64 [5, 3]."""


def _ids(*names: str) -> tuple[int, ...]:
    return tuple(POINTS[f"{name}_{side}"] for name in names for side in "lr")


_JAW = ("ear_low", "jaw_high", "jaw", "jaw_low", "chin_side", "chin")

PARTS: Final[dict[str, tuple[int, ...]]] = {
    "face": _ids("forehead_top", "forehead_side", "temple", "ear", *_JAW),
    "brows_to_chin": _ids("brow_out", "brow_arch", "brow_in", "ear", *_JAW),
    "inner": _ids("brow_out", "brow_arch", "brow_in", "cheek", "jaw_low", "chin_front", "fold"),
    "lower": _ids("eye_low", "cheek", *_JAW),
    "eyes": _ids("brow_out", "brow_arch", "brow_in", "eye_out", "eye_low", "bridge"),
    "eyes_nose": _ids("brow_out", "brow_arch", "brow_in", "eye_out", "eye_low", "nose_wing"),
    "nose": _ids("bridge", "nose_wing", "nose_base"),
    "nose_mouth": _ids("bridge", "nose_wing", "fold", "lip_corner", "lip_low", "chin_front"),
    "mouth": _ids("nose_base", "fold", "lip_corner", "lip_low", "chin_front"),
}
"""Parts of a face that can be cut out: the points whose convex hull is the part."""

_CALM = 0.25
"""How strongly the fit holds on to a face that looks straight ahead, against the noise of the
nose tip, which alone tells the turn of the head."""


def project(landmarks: Points) -> Points:
    """Fit the model to five landmarks and return where its points fall.

    Args:
        landmarks: float64 [5, 2], pixels.

    Returns:
        float64 [50, 2], pixels, in the order of :data:`POINTS`.
    """
    rows = np.hstack([FIVE, np.ones((5, 1))])
    calm = np.array([[0, 0, _CALM, 0]])
    camera = np.linalg.lstsq(
        np.vstack([rows, calm]), np.vstack([landmarks, np.zeros((1, 2))]), rcond=None
    )[0]
    fitted: Points = np.hstack([MODEL, np.ones((len(MODEL), 1))]) @ camera
    return fitted


def face_side(points: Points) -> float:
    """Longer side, in pixels, of the box around the model's points [50, 2]."""
    return float(np.ptp(points, axis=0).max())
