"""What every face finder promises, and the parts that they share."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from unmask.registry import Registry
from unmask.types import Box, Face, Image, Points, check_image

TIGHT = 0.6
"""A face whose size is more than this share of the picture's shorter side has no surroundings."""

TIGHT_SIDE = 144
"""Longer side in pixels at which a tight crop is searched, before the border is added."""

NMS_IOU = 0.3
"""Boxes that overlap a more confident one by more than this are the same face."""


class FaceFinder(Protocol):
    """Finds faces in one picture."""

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        """Return the faces of ``image`` (uint8 RGB [H, W, 3]), the most confident first.

        Boxes and landmarks are in pixels of ``image``, whatever size the search ran at.

        Args:
            image: the picture.
            time: of the picture, seconds; the faces' own.
            within: search this part of it only, and a little around, as large as it would be in
                a search of the whole picture; xyxy, pixels of ``image``.
        """
        ...


class FinderFactory(Protocol):
    """Makes a finder; ``threads`` is the number of threads that one search may use."""

    def __call__(self, *, threads: int = 1) -> FaceFinder:
        """Load the finder's model."""
        ...


FINDERS: Registry[FinderFactory] = Registry("face finder")


def shrink(image: Image, longest: int) -> tuple[Image, float]:
    """Return ``image`` with its longer side at most ``longest`` pixels, and the scale applied."""
    scale = min(1.0, longest / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    return cv2.resize(image, _shrunk(image, scale), interpolation=cv2.INTER_AREA), scale


def shrink_within(
    image: Image, longest: int, within: Box | None, multiple: int
) -> tuple[Image, float, Points]:
    """Return a part of what `shrink` returns, the scale applied, and where the part begins.

    Args:
        image: the picture.
        longest: see `shrink`.
        within: the part, xyxy, pixels of ``image``; None for the whole.
        multiple: the part is widened to begin and end at multiples of this many pixels of the
            shrunk picture, or at its edge.
    """
    if within is None:
        return *shrink(image, longest), np.zeros(2)
    scale = min(1.0, longest / max(image.shape[:2]))
    size = np.array(_shrunk(image, scale))
    corners = np.reshape(within, (2, 2)) * scale / multiple
    low, high = np.floor(corners[0]), np.ceil(corners[1])
    (x0, y0), (x1, y1) = (np.clip(at * multiple, 0, size).astype(int) for at in (low, high))
    ratio, rest = np.divmod(image.shape[1::-1], size)
    if rest.any():
        return shrink(image, longest)[0][y0:y1, x0:x1], scale, np.array([x0, y0], float)
    # A pixel is the mean of a whole number of pixels: no others need be looked at.
    across, down = ratio.tolist()
    part = image[y0 * down : y1 * down, x0 * across : x1 * across]
    if scale < 1:
        shape = (int(x1 - x0), int(y1 - y0))
        part = np.asarray(cv2.resize(part, shape, interpolation=cv2.INTER_AREA), np.uint8)
    return part, scale, np.array([x0, y0], float)


def _shrunk(image: Image, scale: float) -> tuple[int, int]:
    """Return width and height of ``image`` at ``scale``, pixels."""
    return max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))


def suppress(boxes: Points, confidences: Points) -> list[int]:
    """Return the indices of the boxes to keep, the most confident first.

    Args:
        boxes: float [N, 4], xyxy.
        confidences: float [N].
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-confidences, kind="stable")
    keep: list[int] = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        overlap = np.prod(np.clip(high - low, 0, None), axis=1)
        order = order[overlap / (areas[best] + areas[order] - overlap) <= NMS_IOU]
    return keep


def find_faces(finder: FaceFinder, image: Image, time: float = 0.0) -> list[Face]:
    """Find the faces of a picture, which may itself be a tight crop of one face.

    Finders are trained on faces with surroundings. Where the plain picture yields no face that
    leaves room around it, the search is repeated with a grey border half a picture wide: measured
    on DFDC crops, a grey border finds more faces than a reflected one, whose mirrored faces
    compete with the real one.
    """
    check_image(image)
    plain = finder.find(image, time)
    if has_room(plain, image):
        return plain
    small, scale = shrink(image, TIGHT_SIDE)
    margin = max(small.shape[:2]) // 2
    bordered = cv2.copyMakeBorder(
        small, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    found = []
    for face in finder.find(bordered, time):
        x0, y0, x1, y1 = ((value - margin) / scale for value in face.box)
        if 0 <= x0 + x1 < 2 * image.shape[1] and 0 <= y0 + y1 < 2 * image.shape[0]:
            landmarks = (face.landmarks - margin) / scale
            found.append(Face(time, (x0, y0, x1, y1), landmarks, face.confidence))
    return found or plain


def has_room(faces: list[Face], image: Image) -> bool:
    """Whether any of ``faces`` leaves room around it in ``image``, see `TIGHT`."""
    return any(face.size < TIGHT * min(image.shape[:2]) for face in faces)
