"""A face that went another way than its surround: scaled, blurred or compressed on its own.

A generator makes the face at its own size and pastes it back; the mismatch of resolution and of
compression stays when shape and colour fit (cf. Li and Lyu, "Exposing DeepFake Videos By Detecting
Face Warping Artifacts", 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unmask.forgery.alter import resample, shrink_for
from unmask.forgery.base import FORGERIES, Donor, Forged, check_landmarks
from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import face_side, project
from unmask.forgery.masks import MaskParams, draw_mask, soft_mask, window_around
from unmask.types import Image, Points, check_image

_PARTS = {"brows_to_chin": 0.45, "face": 0.15, "inner": 0.25, "lower": 0.15}


@dataclass(frozen=True)
class ResampleMismatchParams:
    """The choices of one mismatch.

    ``shrink`` is the factor that the face is scaled down by and back, ``blur`` the sigma of a
    Gaussian, both for a face 256 pixels large; ``quality`` that of a JPEG. 1, 0 and None leave
    the face as it is; at least one of them changes it.
    """

    mask: MaskParams
    shrink: float
    up: int
    blur: float
    quality: int | None


class ResampleMismatch:
    """Passes the face through scaling, blur or compression; needs no donor."""

    name = "resample_mismatch"
    needs_donor = False

    def draw(self, rng: np.random.Generator) -> ResampleMismatchParams:
        """Make the random choices of one mismatch."""
        which = rng.integers(1, 8)  # any of the three, alone or together
        return ResampleMismatchParams(
            mask=draw_mask(rng, _PARTS, whole=True),
            shrink=float(rng.uniform(1.6, 4.0)) if which & 1 else 1.0,
            up=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])),
            blur=float(rng.uniform(0.8, 2.2)) if which & 2 else 0.0,
            quality=int(rng.integers(15, 60)) if which & 4 else None,
        )

    def apply(
        self,
        image: Image,
        landmarks: Points,
        params: ResampleMismatchParams,
        donor: Donor | None = None,
    ) -> Forged:
        """Degrade the face; see :meth:`Forgery.apply`. Only its neighbourhood is worked on."""
        del donor
        check_image(image)
        check_landmarks(landmarks)
        points = project(landmarks)
        window = window_around(points, *image.shape[:2])
        mask = soft_mask(params.mask, points, window)
        side = face_side(points)
        face = window.of(image)
        if params.shrink > 1:
            face = resample(face, shrink_for(params.shrink, side), up=params.up)
        if params.blur > 0:
            sigma = max(0.5, params.blur * side / 256)
            face = np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8)
        if params.quality is not None:
            face = _compress(face, params.quality)
        return blend_in(image, face, mask, window)


def _compress(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(decoded, np.uint8)[..., ::-1])


FORGERIES.register(ResampleMismatch.name)(ResampleMismatch())
