"""What happens to pictures between a camera and a user of unmask, one step at a time.

Each degradation is an entry of `DEGRADATIONS`: adding one there is enough to have it measured,
drawn and tested. All work on whole pictures, before any face is looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from unmask.errors import SettingError
from unmask.media.recode import through_h264
from unmask.types import Image, check_image


@dataclass(frozen=True)
class Shot:
    """A picture to degrade.

    Attributes:
        image: uint8 RGB [H, W, 3].
        face: size of its face in pixels, as found in the untouched medium.
        seed: of whatever is random; the same for all pictures of one medium.
        frame: place of the picture in its medium, so that its grain is its own.
    """

    image: Image
    face: float
    seed: int = 0
    frame: int = 0

    def __post_init__(self) -> None:
        check_image(self.image)
        if not self.face > 0:
            raise SettingError(f"face must be above 0 pixels. Got {self.face}")


@dataclass(frozen=True)
class Degradation:
    """A way to lose quality.

    Attributes:
        title: what a level is of, with its unit, as tables and figures name it.
        levels: from mild to strong.
        change: from a shot and a level to a picture, uint8 RGB; a function of these alone.
        resizes: whether the picture may come back smaller; else its shape is kept.
    """

    title: str
    levels: tuple[float, ...]
    change: Callable[[Shot, float], Image]
    resizes: bool = False

    def __call__(self, shot: Shot, severity: int) -> Image:
        """Return the picture at a severity: 0 leaves it as it is, 1 takes the first level.

        Raises:
            SettingError: there is no such severity.
        """
        if not 0 <= severity <= len(self.levels):
            raise SettingError(f"severity must be from 0 to {len(self.levels)}. Got {severity}")
        return self.change(shot, self.levels[severity - 1]) if severity else shot.image


def _jpeg(shot: Shot, quality: float) -> Image:
    bgr = cv2.cvtColor(shot.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def _downscale(shot: Shot, scale: float) -> Image:
    """Left small, as sites leave it."""
    height, width = shot.image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(shot.image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _blur(shot: Shot, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(shot.image, (0, 0), sigma), np.uint8)


def _noise(shot: Shot, sigma: float) -> Image:
    rng = np.random.default_rng((shot.seed, shot.frame))
    grain = rng.standard_normal(shot.image.shape, dtype=np.float32) * np.float32(sigma)
    return _pixels(shot.image + grain)


def _gamma(shot: Shot, gamma: float) -> Image:
    return _pixels((shot.image / np.float32(255)) ** gamma * 255)


def _gain(shot: Shot, gain: float) -> Image:
    return _pixels(shot.image * np.float32(gain))


def _shift(shot: Shot, share: float) -> Image:
    """Move the window: what it leaves is gone, and what it reaches was never in the picture."""
    right, down = np.random.default_rng(shot.seed).integers(2, size=2)
    height, width = shot.image.shape[:2]
    dy, dx = int(height * share), int(width * share)
    window = shot.image[dy * down : height - dy * (1 - down), dx * right : width - dx * (1 - right)]
    return np.ascontiguousarray(window)


def _h264(shot: Shot, crf: float) -> Image:
    return through_h264(shot.image, round(crf))


def _social(shot: Shot, scale: float) -> Image:
    """Shrunk, coded, and coded again: a site's copy, passed on by another."""
    for change, level in ((_downscale, scale), (_jpeg, 60), (_jpeg, 75)):
        shot = Shot(change(shot, level), shot.face, shot.seed, shot.frame)
    return shot.image


def _face_size(shot: Shot, pixels: float) -> Image:
    """Shrunk until the face has that size; a smaller face stays as it is."""
    return _downscale(shot, pixels / shot.face) if pixels < shot.face else shot.image


def _pixels(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Image:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


DEGRADATIONS: Final = {
    "jpeg": Degradation("JPEG quality", (90, 70, 50, 40, 30), _jpeg),
    "downscale": Degradation("shrunk to", (0.75, 0.5, 0.35), _downscale, resizes=True),
    "blur": Degradation("blur, sigma", (0.7, 1.2, 2.0), _blur),
    "noise": Degradation("noise, sigma", (4, 8, 16), _noise),
    "darker": Degradation("darker, gamma", (1.4, 1.8, 2.4), _gamma),
    "brighter": Degradation("brighter, gain", (1.2, 1.4, 1.7), _gain),
    "shift": Degradation("window moved by", (0.04, 0.08, 0.12), _shift, resizes=True),
    "h264": Degradation("H.264, crf", (23, 30, 36, 40), _h264),
    "social": Degradation("social: JPEG 60 and 75, shrunk to", (0.8, 0.6, 0.45), _social, True),
    "face": Degradation("face size, px", (96, 64, 48), _face_size, resizes=True),
}
"""Every degradation, by name. Blur is in pixels of the medium, noise in steps of 255; H.264 codes
each picture as a key frame."""
