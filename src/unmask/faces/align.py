"""The crop: one function for training and inference."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from pydantic import Field

from unmask.errors import SettingError
from unmask.types import Crop, Image, Points, Value

CANONICAL: Final[Points] = np.array(
    [[-0.5098, -0.5], [0.5098, -0.5], [0.0, 0.0045], [-0.417, 0.5], [0.417, 0.5]]
)
"""Five landmarks of the mean face, in units of the distance from the eyes' centre to the mouth's,
from the middle between the two: the symmetric Procrustes mean of 599 DFDC training faces."""


class CropSpec(Value):
    """Where the face lies in a crop.

    Attributes:
        size: side of the square crop in pixels.
        eye_mouth: distance from the eyes' centre to the mouth's, as a share of the side.
        centre_y: height of the middle between the two, as a share of the side from the top.
    """

    size: int = Field(default=160, ge=32, le=1024)
    eye_mouth: float = Field(default=0.48, gt=0.1, lt=0.9)
    centre_y: float = Field(default=0.5, gt=0.1, lt=0.9)

    def points(self) -> Points:
        """Return the canonical landmarks in pixels of the crop, float64 [5, 2]."""
        shape = CANONICAL * self.eye_mouth + np.array([0.5, self.centre_y])
        return shape * self.size


def similarity(source: Points, target: Points) -> Points:
    """Return the similarity, float64 [2, 3], that best maps ``source`` to ``target`` [N, 2].

    Least squares over rotation, uniform scale and shift, without reflection (Umeyama, "Least-
    squares estimation of transformation parameters between two point patterns", 1991). In the
    plane it has a closed form in complex numbers.
    """
    a = source @ np.array([1, 1j])
    b = target @ np.array([1, 1j])
    centred = a - a.mean()
    turn = np.vdot(centred, b - b.mean()) / max(np.vdot(centred, centred).real, 1e-12)
    shift = b.mean() - turn * a.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def crop_face(
    image: Image, landmarks: Points, spec: CropSpec, jitter: Points | None = None
) -> Crop:
    """Cut the aligned face out of a picture.

    Args:
        image: uint8 RGB [H, W, 3].
        landmarks: float64 [5, 2], pixels of ``image``.
        spec: size and place of the face in the crop.
        jitter: float64 [2, 3], a further transform in crop pixels; for augmentation.

    A face larger than the crop is averaged down first, so that no source is aliased; what lies
    outside the picture is filled by reflection and reported as ``border``.

    Raises:
        SettingError: the landmarks all lie on one point.
    """
    transform = similarity(landmarks, spec.points())
    if jitter is not None:
        transform = jitter @ np.vstack((transform, [0, 0, 1]))
    scale = math.sqrt(abs(np.linalg.det(transform[:, :2])))
    if scale == 0:
        raise SettingError("the landmarks must not all lie on one point")
    picture, local = image, transform
    if scale < 0.5:
        picture, local = _shrunk_neighbourhood(image, transform, spec.size, scale)
    cut = cv2.warpAffine(
        picture,
        local,
        (spec.size, spec.size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return Crop(cut, transform, _border(image, transform, spec.size))


def sharpness(image: Image) -> float:
    """Return the variance of the Laplacian of the luma of ``image`` (uint8 RGB), 0 if flat."""
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def _shrunk_neighbourhood(
    image: Image, transform: Points, size: int, scale: float
) -> tuple[Image, Points]:
    """Return the part of ``image`` that the crop needs, averaged down, and its transform."""
    height, width = image.shape[:2]
    corners = _corners(transform, size)
    pad = 2 / scale
    x0, y0 = np.clip(np.floor(corners.min(0) - pad), 0, (width - 1, height - 1)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0) + pad), (x0 + 1, y0 + 1), (width, height)).astype(int)
    part = image[y0:y1, x0:x1]
    target = np.maximum(1, np.round(np.array([x1 - x0, y1 - y0]) * scale)).astype(int)
    ratio = np.array([x1 - x0, y1 - y0]) / target
    small = cv2.resize(part, (int(target[0]), int(target[1])), interpolation=cv2.INTER_AREA)
    # Pixel centres: x_image = (x_small + .5) * ratio - .5 + x0
    linear = transform[:, :2] * ratio
    shift = transform[:, :2] @ (0.5 * ratio - 0.5 + np.array([x0, y0])) + transform[:, 2]
    return small, np.column_stack((linear, shift))


def _corners(transform: Points, size: int) -> Points:
    """Return the crop's corners in pixels of the picture, float64 [4, 2]."""
    square = np.array([[0, 0], [size, 0], [size, size], [0, size]], dtype=np.float64) - 0.5
    corners = np.linalg.solve(transform[:, :2], (square - transform[:, 2]).T).T
    return corners.astype(np.float64)


def _border(image: Image, transform: Points, size: int) -> float:
    """Return the share of the crop that lies outside the picture."""
    corners = _corners(transform, size)
    height, width = image.shape[:2]
    if (corners >= -0.5).all() and (corners <= (width - 0.5, height - 0.5)).all():
        return 0.0
    picture = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    inside, _ = cv2.intersectConvexConvex(corners.astype(np.float32), picture.astype(np.float32))
    return min(1.0, max(0.0, 1.0 - inside / cv2.contourArea(corners.astype(np.float32))))
