"""From what a decoder gives to an upright RGB picture with square pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from unmask.types import Image

BACKGROUND = 128
"""Grey on which pictures with transparency are laid: it favours neither light nor dark edges."""

_ROWS = 256  # laid at a time, so that a large picture needs little room beside itself
_ODDEST_PIXEL = 10  # a pixel more oblong than this is a broken header


class Orientation(NamedTuple):
    """How a stored picture becomes upright: swap x and y, then mirror."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def from_exif(cls, tag: int) -> Orientation:
        """The orientation of an Exif tag; anything but 2 to 8 is upright."""
        return cls(*_EXIF[tag]) if tag in _EXIF else cls()

    @classmethod
    def from_matrix(cls, matrix: tuple[int, ...]) -> Orientation:
        """The nearest right-angled orientation of a display matrix [a b u c d v x y w]."""
        a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    @property
    def degrees(self) -> int:
        """Clockwise turn that makes the stored picture upright: 0, 90, 180 or 270.

        A mirrored picture is turned by this much after its mirroring from left to right.
        """
        if self.transpose:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    def apply(self, image: Image) -> Image:
        """Return the upright picture; ``image`` itself where it is upright already."""
        if self == (True, True, False):
            return np.asarray(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), np.uint8)
        if self == (True, False, True):
            return np.asarray(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)
        flipped: Any = cv2.transpose(image) if self.transpose else image
        if self.flip_x or self.flip_y:
            flipped = cv2.flip(flipped, -1 if self.flip_x and self.flip_y else int(self.flip_x))
        return np.asarray(flipped, np.uint8)


_EXIF = {
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


def lay_on_grey(image: Image) -> Image:
    """Lay a picture with transparency on BACKGROUND: uint8 [H, W, 4] to [H, W, 3]."""
    height, width = image.shape[:2]
    laid = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS):
        part = image[top : top + _ROWS].astype(np.uint16)
        alpha = part[..., 3:]
        laid[top : top + _ROWS] = (part[..., :3] * alpha + BACKGROUND * (255 - alpha) + 127) // 255
    return laid


def square_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Size with square pixels, pixels; the short side of an oblong pixel grows, so none is lost."""
    if not aspect or not Fraction(1, _ODDEST_PIXEL) <= aspect <= _ODDEST_PIXEL:
        return width, height
    if aspect >= 1:
        return max(1, round(width * aspect)), height
    return width, max(1, round(height / aspect))


class Painter:
    """Turns decoded frames of one clip into upright RGB pictures of one size.

    Args:
        size: width and height before turning, square pixels.
        orientation: how a stored frame becomes upright.
    """

    def __init__(self, size: tuple[int, int], orientation: Orientation) -> None:
        self._size = size
        self._orientation = orientation
        self._reformatter = VideoReformatter()

    def paint(self, frame: VideoFrame) -> Image:
        """Return the picture, uint8 RGB [H, W, 3]. Tagged colour matrix and range are honoured."""
        width, height = self._size
        clear = any(part.is_alpha for part in frame.format.components) or frame.format.has_palette
        same = (frame.width, frame.height) == self._size
        converted = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgba" if clear else "rgb24",
            interpolation=Interpolation.BILINEAR if same else Interpolation.BICUBIC,
            threads=1,  # starting more takes longer than a picture does
        )
        image = np.ascontiguousarray(converted.to_ndarray(), np.uint8)
        return self._orientation.apply(lay_on_grey(image) if clear else image)
