"""Laying one face over another."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unmask.forgery.canonical import MODEL, face_side, project
from unmask.forgery.masks import Window
from unmask.types import Image, Points

_GRID = 24
_STIFF = 1e-3
_FRONT = MODEL[:, 2] > -0.3
"""Points of the model that stay in sight when the head turns a little."""


def warp_similar(image: Image, landmarks: Points, onto: Points, window: Window) -> Image:
    """Turn, scale and shift a face so that its five points fall near five others.

    Args:
        image: uint8 RGB [H, W, 3] with the face.
        landmarks: float64 [5, 2], its points.
        onto: float64 [5, 2], where they belong, in pixels of the picture that ``window`` is of.
        window: the part of that picture to fill.

    Returns:
        uint8 RGB of the window's size; beyond the image's edge it is mirrored.
    """
    image, landmarks = _not_too_large(image, landmarks, onto)
    turn = _similarity(landmarks, onto - (window.x0, window.y0))
    size = (window.x1 - window.x0, window.y1 - window.y0)
    warped = cv2.warpAffine(
        image, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(warped, np.uint8)


def warp_elastic(image: Image, landmarks: Points, onto: Points, window: Window) -> Image:
    """Bend a face so that its five points fall on five others, and its outline near theirs.

    A thin-plate spline (Bookstein, "Principal warps", 1989) through the five points and those of
    the face model that both heads show. Arguments and result as for :func:`warp_similar`.
    """
    image, landmarks = _not_too_large(image, landmarks, onto)
    here = np.vstack([onto, project(onto)[_FRONT]])
    there = np.vstack([landmarks, project(landmarks)[_FRONT]])
    width, height = window.x1 - window.x0, window.y1 - window.y0
    xs = np.linspace(window.x0, window.x1 - 1, _GRID)
    ys = np.linspace(window.y0, window.y1 - 1, _GRID)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    coarse = _spline(here, there, grid).reshape(_GRID, _GRID, 2).astype(np.float32)
    stretch = np.array(
        [[(width - 1) / (_GRID - 1), 0, 0], [0, (height - 1) / (_GRID - 1), 0]], np.float64
    )
    place = cv2.warpAffine(
        coarse, stretch, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    warped = cv2.remap(image, place, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, np.uint8)


def shape_distance(a: Points, b: Points) -> float:
    """How differently two heads are shaped and turned.

    The root mean square, in distances between the eyes, that is left between five points and
    five others once a similarity has laid the ones over the others.
    """
    turn = _similarity(a, b)
    laid = a @ turn[:, :2].T + turn[:, 2]
    span = max(float(np.linalg.norm(np.ptp(b, axis=0))), 1e-9)
    return float(np.sqrt(((laid - b) ** 2).sum(1).mean())) / span


def _similarity(a: Points, b: Points) -> Points:
    """The similarity, float64 [2, 3], that lays points ``a`` over ``b`` with least squares."""
    centre_a, centre_b = a.mean(0), b.mean(0)
    za, zb = (a - centre_a) @ (1, 1j), (b - centre_b) @ (1, 1j)
    factor = np.vdot(za, zb) / max(float(np.vdot(za, za).real), 1e-9)
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.hstack([linear, (centre_b - linear @ centre_a)[:, None]])


def _not_too_large(image: Image, landmarks: Points, onto: Points) -> tuple[Image, Points]:
    """Shrink a picture whose face is much larger than where it goes, so that it does not alias."""
    scale = face_side(project(onto)) / face_side(project(landmarks))
    if scale > 0.7:
        return image, landmarks
    height, width = image.shape[:2]
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    factors = np.array(size) / (width, height)
    return np.asarray(small, np.uint8), (landmarks + 0.5) * factors - 0.5


def _spline(here: Points, there: Points, at: Points) -> Points:
    """Evaluate at points ``at`` the thin-plate spline that maps ``here`` to ``there``."""
    centre, unit = here.mean(0), face_side(here)
    here, at = (here - centre) / unit, (at - centre) / unit
    n = len(here)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _bend(here, here) + _STIFF * np.eye(n)
    system[:n, n], system[:n, n + 1 :] = 1, here
    system[n:, :n] = system[:n, n:].T
    weights = np.linalg.solve(system, np.vstack([there, np.zeros((3, 2))]))
    return _bend(at, here) @ weights[:n] + weights[n] + at @ weights[n + 1 :]


def _bend(a: Points, b: Points) -> npt.NDArray[np.float64]:
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-12))
