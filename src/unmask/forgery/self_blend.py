"""Self-blended images: a face blended with a slightly changed copy of itself.

Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022. A detector that
learns to find these finds what face swaps share, an edge and a change of statistics around the
face, with no forgery of any dataset among its lessons.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unmask.forgery.alter import Alteration, alter, draw_alteration
from unmask.forgery.base import FORGERIES, Donor, Forged, check_landmarks
from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import face_side, project
from unmask.forgery.masks import MaskParams, draw_mask, soft_mask, window_around
from unmask.types import Image, Points, check_image

_PARTS = {
    "brows_to_chin": 0.36,
    "face": 0.14,
    "inner": 0.16,
    "lower": 0.08,
    "eyes_nose": 0.07,
    "nose_mouth": 0.07,
    "eyes": 0.06,
    "mouth": 0.06,
}


@dataclass(frozen=True)
class SelfBlendParams:
    """The choices of one self-blend.

    ``change_source`` says which side of the blend is changed: the copy that is put in, or the
    picture that it is put into. ``shift`` (x, y) and ``scale`` move the copy and the mask;
    ``shift`` is a share of the face.
    """

    change_source: bool
    alteration: Alteration
    shift: tuple[float, float]
    scale: float
    mask: MaskParams


class SelfBlend:
    """Blends a face with a changed copy of itself; needs no donor."""

    name = "self_blend"
    needs_donor = False

    def draw(self, rng: np.random.Generator) -> SelfBlendParams:
        """Make the random choices of one self-blend."""
        return SelfBlendParams(
            change_source=bool(rng.random() < 0.5),
            alteration=draw_alteration(rng),
            shift=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.015, 0.015))),
            scale=float(np.exp(rng.uniform(np.log(0.95), -np.log(0.95)))),
            mask=draw_mask(rng, _PARTS),
        )

    def apply(
        self,
        image: Image,
        landmarks: Points,
        params: SelfBlendParams,
        donor: Donor | None = None,
    ) -> Forged:
        """Blend the face with its changed copy; see :meth:`Forgery.apply`.

        Where the source is changed, only the neighbourhood of the face is worked on. Where the
        target is changed, the whole picture is, and ``target`` of the result holds it: a change
        that ended somewhere in the picture would be an edge of its own.
        """
        del donor
        check_image(image)
        check_landmarks(landmarks)
        points = project(landmarks)
        side = face_side(points)
        window = window_around(points, *image.shape[:2])
        if params.change_source:
            target = image
            source = alter(window.of(image), params.alteration, side)
        else:
            target = alter(image, params.alteration, side)
            source = window.of(image)

        centre = (points.min(0) + points.max(0)) / 2
        shift = np.array(params.shift) * side
        moved = (points - centre) * params.scale + centre + shift
        local = centre - (window.x0, window.y0)
        step = local + shift - params.scale * local
        affine = np.array([[params.scale, 0, step[0]], [0, params.scale, step[1]]])
        size = (window.x1 - window.x0, window.y1 - window.y0)
        copy = cv2.warpAffine(
            source, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        mask = soft_mask(params.mask, moved, window)
        return blend_in(target, np.asarray(copy, np.uint8), mask, window)


FORGERIES.register(SelfBlend.name)(SelfBlend())
