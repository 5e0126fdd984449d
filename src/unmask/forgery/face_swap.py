"""A face swap by landmarks: another person's face, bent into place, lit and coloured to fit.

The classic pipeline behind FaceSwap of FaceForensics++ (Roessler et al., ICCV 2019) and many
since, without a network: what a swap leaves in a picture is here, at a few milliseconds a face.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unmask.forgery.alter import resample
from unmask.forgery.base import FORGERIES, Donor, Forged, check_landmarks, need_donor
from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import face_side, project
from unmask.forgery.colour import match_light, match_statistics
from unmask.forgery.masks import MaskParams, draw_mask, soft_mask, window_around
from unmask.forgery.warp import warp_elastic
from unmask.types import Image, Points, check_image

_PARTS = {"brows_to_chin": 0.7, "inner": 0.15, "face": 0.15}


@dataclass(frozen=True)
class FaceSwapParams:
    """The choices of one swap.

    ``colour`` and ``light`` say how far the donor's colours and light are matched, 0 to 1.
    ``resolution`` is the number of pixels across the face that the swap was made at, as
    generators have a fixed output size; a face smaller than that keeps its detail.
    """

    mask: MaskParams
    colour: float
    light: float
    resolution: float


class FaceSwap:
    """Puts the donor's face over the face of the picture."""

    name = "face_swap"
    needs_donor = True

    def draw(self, rng: np.random.Generator) -> FaceSwapParams:
        """Make the random choices of one swap."""
        mask = draw_mask(rng, _PARTS, whole=True)
        return FaceSwapParams(
            mask=replace(mask, jitter=0.0, elastic=mask.elastic / 3, soft=max(15, mask.soft)),
            colour=float(rng.uniform(0.7, 1.0)),
            light=float(rng.uniform(0.6, 1.0)),
            resolution=float(np.exp(rng.uniform(np.log(112), np.log(320)))),
        )

    def apply(
        self, image: Image, landmarks: Points, params: FaceSwapParams, donor: Donor | None = None
    ) -> Forged:
        """Swap the face; see :meth:`Forgery.apply`. Only its neighbourhood is worked on."""
        check_image(image)
        check_landmarks(landmarks)
        donor = need_donor(self.name, donor)
        points = project(landmarks)
        window = window_around(points, *image.shape[:2])
        mask = soft_mask(params.mask, points, window)
        under = window.of(image)
        face = warp_elastic(donor.image, donor.landmarks, landmarks, window)
        face = match_statistics(face, under, mask, params.colour)
        face = match_light(face, under, mask, params.light)
        shrink = face_side(points) / params.resolution
        return blend_in(image, resample(face, shrink), mask, window)


FORGERIES.register(FaceSwap.name)(FaceSwap())
