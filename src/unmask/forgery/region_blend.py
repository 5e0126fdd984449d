"""Eyes, nose or mouth of another picture: of a donor, or of the person's own altered face.

What reenactment and lip-syncing leave: a change that is confined to one region, while the
identity, and most of the face, are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unmask.forgery.alter import Alteration, alter, draw_alteration
from unmask.forgery.base import FORGERIES, Donor, Forged, check_landmarks
from unmask.forgery.blend import blend_in
from unmask.forgery.canonical import PARTS, face_side, project
from unmask.forgery.colour import match_light, match_statistics
from unmask.forgery.masks import MaskParams, Window, draw_mask, soft_mask, window_around
from unmask.forgery.warp import warp_elastic
from unmask.types import Image, Points, check_image

_PARTS = {"eyes": 0.35, "mouth": 0.35, "nose": 0.1, "nose_mouth": 0.2}


@dataclass(frozen=True)
class RegionBlendParams:
    """The choices of one blend.

    ``colour`` says how far a donor's colours and light are matched, 0 to 1. Without a donor, the
    person's own region is stretched by ``stretch`` (x, y), turned by ``turn`` degrees and altered.
    """

    mask: MaskParams
    colour: float
    stretch: tuple[float, float]
    turn: float
    alteration: Alteration


class RegionBlend:
    """Replaces one region of the face; takes a donor and does without."""

    name = "region_blend"
    needs_donor = False

    def draw(self, rng: np.random.Generator) -> RegionBlendParams:
        """Make the random choices of one blend."""
        log_x, log_y = rng.choice([-1, 1], 2) * rng.uniform((0.02, 0.08), (0.1, 0.22))
        return RegionBlendParams(
            mask=draw_mask(rng, _PARTS, whole=True),
            colour=float(rng.uniform(0.7, 1.0)),
            stretch=(float(np.exp(log_x)), float(np.exp(log_y))),
            turn=float(rng.uniform(-5, 5)),
            alteration=draw_alteration(rng, colour=0.5),
        )

    def apply(
        self, image: Image, landmarks: Points, params: RegionBlendParams, donor: Donor | None = None
    ) -> Forged:
        """Replace the region; see :meth:`Forgery.apply`. Only its neighbourhood is worked on."""
        check_image(image)
        check_landmarks(landmarks)
        points = project(landmarks)
        window = window_around(points, *image.shape[:2])
        mask = soft_mask(params.mask, points, window)
        under = window.of(image)
        if donor is None:
            region = _alter_self(under, points, params, window)
        else:
            region = warp_elastic(donor.image, donor.landmarks, landmarks, window)
            region = match_statistics(region, under, mask, params.colour)
            region = match_light(region, under, mask, params.colour)
        return blend_in(image, region, mask, window)


def _alter_self(under: Image, points: Points, params: RegionBlendParams, window: Window) -> Image:
    """Stretch and turn the window around the middle of the region, then alter it."""
    middle = points[list(PARTS[params.mask.part])].mean(0) - (window.x0, window.y0)
    angle = np.deg2rad(params.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag(params.stretch)
    affine = np.hstack([linear, (middle - linear @ middle)[:, None]])
    size = (window.x1 - window.x0, window.y1 - window.y0)
    moved = cv2.warpAffine(
        under, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return alter(np.asarray(moved, np.uint8), params.alteration, face_side(points))


FORGERIES.register(RegionBlend.name)(RegionBlend())
