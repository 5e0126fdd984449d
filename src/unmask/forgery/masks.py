"""Soft masks of a face or of a part of it, made small and enlarged to the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unmask.errors import SettingError
from unmask.forgery.base import Mask
from unmask.forgery.canonical import PARTS, face_side
from unmask.types import Image, Points

_CANVAS = 160
_MARGIN = 0.2
_REFERENCE = 224
_FAINT = 1 / 512
_VISIBLE = 0.1
_SMALL = frozenset({"eyes", "mouth", "nose"})


@dataclass(frozen=True)
class MaskParams:
    """The choices that shape a mask.

    ``part`` names an entry of :data:`unmask.forgery.canonical.PARTS`. ``jitter`` and ``elastic``
    are typical displacements of the outline's corners and of its course, as shares of the face;
    ``noise`` seeds them. ``cut``, ``soft`` (odd kernels) and ``sigma`` are the two blurs, in pixels
    of a face 224 pixels large. ``ratio`` is the greatest share of the forged face.
    """

    part: str
    jitter: float
    elastic: float
    noise: int
    cut: int
    soft: int
    sigma: float
    ratio: float


@dataclass(frozen=True)
class Window:
    """The rectangle of a picture that a forgery works on, whole pixels, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    def of(self, image: Image) -> Image:
        """View of ``image`` inside the window."""
        return image[self.y0 : self.y1, self.x0 : self.x1]

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array by."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


def draw_mask(
    rng: np.random.Generator, parts: dict[str, float], *, whole: bool = False
) -> MaskParams:
    """Draw the shape and softness of a mask.

    Args:
        rng: source of the choices.
        parts: the chance of each part.
        whole: give the forged face its full share. Otherwise a blend may be as faint as a quarter,
            except where the part is small: that would be a fake that nobody, and nothing, can see.
    """
    chances = np.array(list(parts.values()))
    part = str(rng.choice(list(parts), p=chances / chances.sum()))
    ratios = [0.75, 1.0, 1.0, 1.0] if part in _SMALL else [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    return MaskParams(
        part=part,
        jitter=float(rng.uniform(0.0, 0.02)),
        elastic=float(rng.uniform(0.005, 0.02)),
        noise=int(rng.integers(2**31)),
        cut=int(rng.integers(2, 13)) * 2 + 1,
        soft=int(rng.integers(2, 13)) * 2 + 1,
        sigma=float(rng.uniform(5, 45)),
        ratio=1.0 if whole else float(rng.choice(ratios)),
    )


def window_around(points: Points, height: int, width: int, margin: float = _MARGIN) -> Window:
    """The part of the picture that holds ``points`` [N, 2] and a margin, a share of their extent.

    Raises:
        SettingError: nothing of it is inside the picture.
    """
    pad = margin * face_side(points)
    x0, y0 = np.floor(points.min(0) - pad)
    x1, y1 = np.ceil(points.max(0) + pad)
    window = Window(
        int(np.clip(x0, 0, width)),
        int(np.clip(y0, 0, height)),
        int(np.clip(x1, 0, width)),
        int(np.clip(y1, 0, height)),
    )
    if window.x0 >= window.x1 or window.y0 >= window.y1:
        raise SettingError(f"the face must be inside the picture of {width} x {height} pixels")
    return window


def soft_mask(params: MaskParams, points: Points, window: Window) -> Mask:
    """Draw the mask of one part of a face: a hull, deformed, then softened in two stages.

    The first blur and the cut to its plateau pull the edge inwards, the second makes the ramp, as
    in self-blended images (Shiohara and Yamasaki, CVPR 2022). Where the part lies outside the
    picture, the whole face takes its place.

    Args:
        params: the choices.
        points: float64 [50, 2], pixels, from :func:`unmask.forgery.canonical.project`.
        window: the part of the picture to draw.

    Returns:
        float32 [window height, window width], 0 to ``params.ratio``.

    Raises:
        SettingError: nothing of the face is inside the picture.
    """
    for part in (params.part, "face"):
        mask = _draw(params, part, points, window)
        if mask.max() > _VISIBLE * params.ratio:
            return mask
    raise SettingError("the face must be inside the picture")


def _draw(params: MaskParams, part: str, points: Points, window: Window) -> Mask:
    noise = np.random.default_rng(params.noise)
    extent = face_side(points)
    side = extent * (1 + 2 * _MARGIN)
    origin = (points.min(0) + points.max(0) - side) / 2
    scale = _CANVAS / side
    corners = points[list(PARTS[part])]
    corners = corners + noise.normal(0, params.jitter * extent, corners.shape)
    hull = cv2.convexHull(np.round((corners - origin) * scale * 16).astype(np.int32))
    canvas = np.zeros((_CANVAS, _CANVAS), np.float32)
    cv2.fillConvexPoly(canvas, hull, 1.0, cv2.LINE_8, 4)
    canvas = _deform(canvas, params.elastic * extent * scale, noise)
    canvas = _soften(canvas, params) * np.float32(params.ratio)
    to_window = np.array(
        [[1 / scale, 0, origin[0] - window.x0], [0, 1 / scale, origin[1] - window.y0]]
    )
    size = (window.x1 - window.x0, window.y1 - window.y0)
    mask = np.array(cv2.warpAffine(canvas, to_window, size, flags=cv2.INTER_LINEAR), np.float32)
    mask[mask < _FAINT] = 0
    return mask


def _deform(canvas: Mask, strength: float, noise: np.random.Generator) -> Mask:
    """Bend the mask by a smooth random field whose typical displacement is ``strength`` pixels."""
    field = noise.normal(0, strength, (2, 9, 9)).astype(np.float32)
    dx, dy = (cv2.resize(part, (_CANVAS, _CANVAS), interpolation=cv2.INTER_CUBIC) for part in field)
    grid = np.arange(_CANVAS, dtype=np.float32)
    bent = cv2.remap(canvas, dx + grid, dy + grid[:, None], cv2.INTER_LINEAR)
    return np.asarray(bent, np.float32)


def _soften(canvas: Mask, params: MaskParams) -> Mask:
    cut = _odd(params.cut)
    blurred = cv2.GaussianBlur(canvas, (cut, cut), 0)
    plateau: Mask = (blurred > 0.995 * max(float(blurred.max()), 1e-6)).astype(np.float32)
    if plateau.sum() < 0.25 * canvas.sum():  # a small part would vanish
        plateau = canvas
    soft = _odd(params.soft)
    sigma = params.sigma * _CANVAS / _REFERENCE
    ramp = np.asarray(cv2.GaussianBlur(plateau, (soft, soft), sigma), np.float32)
    return ramp / np.float32(max(float(ramp.max()), 1e-6))


def _odd(kernel: int) -> int:
    """The odd kernel of the canvas for one of the reference face."""
    return max(1, 2 * round((kernel * _CANVAS / _REFERENCE - 1) / 2) + 1)
