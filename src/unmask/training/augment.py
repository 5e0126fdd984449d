"""Augmentation that leaves no trace of the source.

Pictures of all sources and both labels go through one path: a jittered crop, then the same chain
of colour, resampling, blur, noise, JPEG, H.264 and covering. One `Augmentation` is drawn for a real
and its fake, so that nothing but the forgery tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unmask.faces import CropSpec, crop_face
from unmask.media.recode import through_h264
from unmask.types import Image, Points

INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA)


@dataclass(frozen=True)
class Strength:
    """How far an augmentation may go.

    Those without a unit are chances. ``shift`` and ``erased`` (the longest side of what is
    covered) are shares of the crop's side, ``smallest`` is the smallest factor of resampling,
    ``light`` how far brightness goes from 1, ``gamma`` the greatest logarithm of the exponent,
    ``grain`` the strongest noise in levels of 255.
    """

    shift: float = 0.04
    scale: float = 0.08
    degrees: float = 10.0
    colour: float = 0.5
    light: float = 0.25
    gamma: float = 0.25
    resample: float = 0.25
    smallest: float = 0.5
    blur: float = 0.15
    noise: float = 0.1
    grain: float = 8.0
    jpeg: float = 0.4
    quality: tuple[int, int] = (40, 95)
    h264: float = 0.0
    crf: tuple[int, int] = (23, 40)
    erase: float = 0.0
    erased: float = 0.4


@dataclass(frozen=True)
class Augmentation:
    """One draw: everything random about the way from picture to training crop."""

    flip: bool
    shift: tuple[float, float]
    scale: float
    degrees: float
    gain: tuple[float, float, float] | None
    gamma: float
    saturation: float
    resample: tuple[float, int, int] | None
    blur: float | None
    noise: tuple[float, int] | None
    quality: int | None
    crf: int | None
    erase: tuple[float, float, float, float] | None

    def __call__(self, image: Image, landmarks: Points, spec: CropSpec) -> Image:
        """Return the augmented crop, uint8 RGB [S, S, 3], of a picture uint8 RGB [H, W, 3]."""
        return self.worsen(self.cut(image, landmarks, spec))

    def cut(self, image: Image, landmarks: Points, spec: CropSpec) -> Image:
        """Return the crop, jittered and perhaps mirrored."""
        crop = crop_face(image, landmarks, spec, self._jitter(spec.size)).image
        return cv2.flip(crop, 1) if self.flip else crop

    def worsen(self, crop: Image) -> Image:
        """Return a crop, uint8 RGB [S, S, 3], as other conditions would have left it."""
        size = len(crop)
        if self.gain is not None:
            crop = self._colour(crop)
        if self.resample is not None:
            factor, down, up = self.resample
            side = max(24, round(size * factor))
            crop = cv2.resize(crop, (side, side), interpolation=down)
            crop = cv2.resize(crop, (size, size), interpolation=up)
        if self.blur is not None:
            crop = cv2.GaussianBlur(crop, (0, 0), self.blur)
        if self.noise is not None:
            sigma, seed = self.noise
            grain = np.random.default_rng(seed).standard_normal(crop.shape, dtype=np.float32)
            crop = np.clip(crop + grain * sigma, 0, 255).astype(np.uint8)
        if self.quality is not None:
            _, data = cv2.imencode(
                ".jpg",
                cv2.cvtColor(crop, cv2.COLOR_RGB2BGR),
                [cv2.IMWRITE_JPEG_QUALITY, self.quality],
            )
            crop = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if self.crf is not None:
            crop = through_h264(crop, self.crf)
        if self.erase is not None:
            x0, y0, x1, y1 = (np.array(self.erase) * size).round().astype(int)
            crop = crop.copy()
            crop[y0:y1, x0:x1] = crop.mean((0, 1)).astype(np.uint8)
        return crop

    def _jitter(self, size: int) -> Points:
        turn = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), self.degrees, self.scale)
        turn[:, 2] += np.multiply(self.shift, size)
        return turn

    def _colour(self, crop: Image) -> Image:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[:, :, None].astype(np.float32)
        mixed = grey + (crop - grey) * self.saturation
        lit = np.clip(mixed / 255, 0, 1) ** self.gamma * np.array(self.gain, np.float32)
        return (np.clip(lit, 0, 1) * 255 + 0.5).astype(np.uint8)


def draw_augmentation(rng: np.random.Generator, strength: Strength) -> Augmentation:
    """Draw one augmentation."""
    s = strength
    coloured = rng.random() < s.colour
    light = rng.uniform(1 - s.light, 1 + s.light)
    gain = tuple((light * rng.uniform(0.92, 1.08, 3)).tolist())
    resample = (
        float(rng.uniform(s.smallest, 1.0)),
        int(rng.choice(INTERPOLATIONS)),
        int(rng.choice(INTERPOLATIONS)),
    )
    return Augmentation(
        flip=bool(rng.random() < 0.5),
        shift=(float(rng.uniform(-s.shift, s.shift)), float(rng.uniform(-s.shift, s.shift))),
        scale=float(np.exp(rng.uniform(-s.scale / 2, s.scale))),
        degrees=float(rng.uniform(-s.degrees, s.degrees)),
        gain=gain if coloured else None,
        gamma=float(np.exp(rng.uniform(-s.gamma, s.gamma))),
        saturation=0.0 if rng.random() < 0.05 else float(rng.uniform(0.6, 1.4)),
        resample=resample if rng.random() < s.resample else None,
        blur=float(rng.uniform(0.3, 1.3)) if rng.random() < s.blur else None,
        noise=(float(rng.uniform(1, s.grain)), int(rng.integers(2**32)))
        if rng.random() < s.noise
        else None,
        quality=int(rng.integers(*s.quality)) if rng.random() < s.jpeg else None,
        crf=int(rng.integers(*s.crf)) if rng.random() < s.h264 else None,
        erase=_draw_box(rng, s.erased) if rng.random() < s.erase else None,
    )


def _draw_box(rng: np.random.Generator, largest: float) -> tuple[float, float, float, float]:
    """Return a box (x0, y0, x1, y1) in shares of the side, wholly inside."""
    width, height = rng.uniform(0.1, largest, 2)
    x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return (float(x), float(y), float(x + width), float(y + height))
