"""A blend of two real faces, as in Face X-ray.

Li et al., "Face X-ray for More General Face Forgery Detection", CVPR 2020: a donor whose face is
shaped and turned alike is laid over the picture's by a similarity, its colours are matched, and a
randomly deformed, softened hull decides how much of it shows. The edge is the lesson.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unmask.errors import SettingError
from unmask.forgery.base import FORGERIES, Donor, Forged, check_landmarks, need_donor
from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import project
from unmask.forgery.colour import match_statistics
from unmask.forgery.masks import MaskParams, draw_mask, soft_mask, window_around
from unmask.forgery.warp import shape_distance, warp_similar
from unmask.types import Image, Points, check_image

_PARTS = {"brows_to_chin": 0.5, "inner": 0.2, "face": 0.15, "lower": 0.15}


@dataclass(frozen=True)
class CrossBlendParams:
    """The choices of one blend: the mask, and how far the colours are matched, 0 to 1."""

    mask: MaskParams
    colour: float


class CrossBlend:
    """Blends the donor's face, chosen alike by :func:`nearest_donor`, into the picture."""

    name = "cross_blend"
    needs_donor = True

    def draw(self, rng: np.random.Generator) -> CrossBlendParams:
        """Make the random choices of one blend."""
        return CrossBlendParams(
            mask=draw_mask(rng, _PARTS, whole=True), colour=float(rng.uniform(0.85, 1.0))
        )

    def apply(
        self, image: Image, landmarks: Points, params: CrossBlendParams, donor: Donor | None = None
    ) -> Forged:
        """Blend the faces; see :meth:`Forgery.apply`. Only the neighbourhood is worked on."""
        check_image(image)
        check_landmarks(landmarks)
        donor = need_donor(self.name, donor)
        points = project(landmarks)
        window = window_around(points, *image.shape[:2])
        mask = soft_mask(params.mask, points, window)
        face = warp_similar(donor.image, donor.landmarks, landmarks, window)
        face = match_statistics(face, window.of(image), mask, params.colour)
        return blend_in(image, face, mask, window)


def nearest_donor(landmarks: Points, candidates: Sequence[Points]) -> int:
    """Index of the candidate whose face is shaped and turned most like the given one.

    Args:
        landmarks: float64 [5, 2].
        candidates: each float64 [5, 2]; leave out the same person's other pictures.

    Raises:
        SettingError: there is no candidate.
    """
    if not candidates:
        raise SettingError("at least one donor must be given. Got none")
    return int(np.argmin([shape_distance(candidate, landmarks) for candidate in candidates]))


FORGERIES.register(CrossBlend.name)(CrossBlend())
