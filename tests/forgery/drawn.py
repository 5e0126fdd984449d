"""Drawn faces: nobody's, yet textured enough for every change to show."""

import cv2
import numpy as np

from unmask.types import Image, Points

FACE = np.array([(76, 64), (148, 64), (112, 115), (84, 162), (140, 162)], dtype=np.float64) / 224


def landmarks_for(size: float, x: float = 0.0, y: float = 0.0, degrees: float = 0.0) -> Points:
    """Five points of a face crop of ``size`` pixels whose corner is at ``x``, ``y``."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ((FACE - 0.5) @ turn.T + 0.5) * size + (x, y)


def drawn_face(height: int, width: int, landmarks: Points, seed: int = 0) -> Image:
    """A picture with an oval, eyes and a mouth at the landmarks, on a grainy ground."""
    rng = np.random.default_rng(seed)
    base = rng.integers(70, 140, 3)
    ramp = np.linspace(0, 50, width)[None, :, None] + np.linspace(0, 30, height)[:, None, None]
    image = np.clip(base + ramp + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)
    span = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    middle = landmarks.mean(0)
    skin = tuple(int(v) for v in rng.integers(120, 220, 3))
    axes = (max(1, round(1.1 * span)), max(1, round(1.5 * span)))
    cv2.ellipse(image, tuple(np.round(middle).astype(int)), axes, 0, 0, 360, skin, -1)
    for point in landmarks[:2]:
        cv2.circle(
            image, tuple(np.round(point).astype(int)), max(1, round(span / 7)), (30,) * 3, -1
        )
    ends = [tuple(np.round(point).astype(int)) for point in landmarks[3:]]
    cv2.line(image, ends[0], ends[1], (150, 40, 60), max(1, round(span / 8)))
    grain = rng.normal(0, 5, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)
