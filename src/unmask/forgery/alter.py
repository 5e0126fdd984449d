"""Small changes of a picture's colour and sharpness: what sets a face apart from its surround."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from unmask.types import Image

_LUMA = np.array([0.299, 0.587, 0.114])
_REFERENCE = 256.0


@dataclass(frozen=True)
class Alteration:
    """The choices of one change.

    ``shift`` is added to R, G, B (levels of 255); ``hue`` is a turn in degrees; ``saturation``,
    ``value``, ``contrast`` are factors; ``brightness`` is added (share of 255). Then either
    ``shrink`` > 1, the factor by which the picture is scaled down and back, with ``down`` and
    ``up`` its OpenCV interpolations, or ``sharpen`` > 0, the share of an unsharp mask.
    """

    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hue: float = 0.0
    saturation: float = 1.0
    value: float = 1.0
    brightness: float = 0.0
    contrast: float = 1.0
    shrink: float = 1.0
    down: int = cv2.INTER_AREA
    up: int = cv2.INTER_LINEAR
    sharpen: float = 0.0


def draw_alteration(rng: np.random.Generator, colour: float = 1.0) -> Alteration:
    """Draw a change as for self-blended images: always some colour, and one change of detail.

    ``colour`` scales the ranges of the colour's change.
    """
    shift = rng.uniform(-20, 20, 3) * colour if rng.random() < 0.3 else np.zeros(3)
    change = Alteration(
        shift=(float(shift[0]), float(shift[1]), float(shift[2])),
        hue=float(colour * rng.uniform(-6, 6)),
        saturation=float(1 + colour * rng.uniform(-0.15, 0.15)),
        value=float(1 + colour * rng.uniform(-0.06, 0.06)),
        brightness=float(colour * rng.uniform(-0.1, 0.1)),
        contrast=float(1 + colour * rng.uniform(-0.1, 0.1)),
    )
    if rng.random() < 0.5:
        return replace(
            change,
            shrink=float(rng.choice([2, 4])),
            down=int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA])),
            up=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])),
        )
    return replace(change, sharpen=float(rng.uniform(0.2, 0.5)))


def alter(image: Image, change: Alteration, face: float) -> Image:
    """Return ``image`` changed.

    Args:
        image: uint8 RGB [H, W, 3].
        change: the choices.
        face: side of the face in pixels. Detail is lost in proportion to it, so that a large face
            loses as much as a small one; the factors hold for a face 256 pixels large.

    Returns:
        uint8 RGB [H, W, 3].
    """
    altered = np.asarray(cv2.transform(image, _colour_matrix(change)), np.uint8)
    if change.shrink > 1:
        altered = resample(altered, shrink_for(change.shrink, face), change.down, change.up)
    if change.sharpen > 0:
        smooth = cv2.GaussianBlur(altered, (0, 0), max(1.0, face / _REFERENCE))
        amount = 3 * change.sharpen
        altered = np.asarray(cv2.addWeighted(altered, 1 + amount, smooth, -amount, 0), np.uint8)
    return altered


def shrink_for(shrink: float, face: float) -> float:
    """The factor that costs a face of ``face`` pixels what ``shrink`` costs one of 256.

    At least 1.4, so that something is lost.
    """
    return max(1.4, shrink * face / _REFERENCE)


def resample(
    image: Image, factor: float, down: int = cv2.INTER_AREA, up: int = cv2.INTER_CUBIC
) -> Image:
    """Scale a picture down by ``factor`` and back; 1 and less leave it as it is."""
    if factor <= 1:
        return image
    height, width = image.shape[:2]
    small = (max(2, round(width / factor)), max(2, round(height / factor)))
    coarse = cv2.resize(image, small, interpolation=down)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=up), np.uint8)


def _colour_matrix(change: Alteration) -> npt.NDArray[np.float64]:
    """All colour changes as one affine map of RGB, float64 [3, 4].

    Hue turns the colour around the grey axis, saturation scales its distance from it, contrast
    acts around the middle grey.
    """
    angle = np.deg2rad(change.hue)
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.array(
        [[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], dtype=np.float64
    )
    turn = (
        np.cos(angle) * np.eye(3)
        + np.sin(angle) * cross
        + (1 - np.cos(angle)) * np.outer(axis, axis)
    )
    grey = np.tile(_LUMA, (3, 1))
    saturate = grey + change.saturation * (np.eye(3) - grey)
    gain = change.value * change.contrast
    offset = np.array(change.shift) + 255 * change.brightness + 128 * (1 - change.contrast)
    return np.hstack([gain * saturate @ turn, offset[:, None]])
