"""What a forgery is: its values, its protocol and the registry of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from unmask.errors import SettingError
from unmask.registry import Registry
from unmask.types import Image, Points, check_image

Mask = npt.NDArray[np.float32]
P = TypeVar("P")

SMALLEST_FACE = 8.0
"""Pixels from the eyes to the mouth below which a face is not forged."""


@dataclass(frozen=True)
class Donor:
    """Another person's face.

    ``image`` uint8 RGB [H, W, 3], ``landmarks`` float64 [5, 2] in its pixels, in the order of
    :class:`unmask.types.Face`.
    """

    image: Image
    landmarks: Points

    def __post_init__(self) -> None:
        check_image(self.image)
        check_landmarks(self.landmarks)


@dataclass(frozen=True)
class Forged:
    """A forged picture, with what is needed to learn from it.

    ``image`` uint8 RGB [H, W, 3]. ``mask`` float32 [H, W] in 0..1 is the share of the forged face
    at each pixel. ``target`` uint8 RGB [H, W, 3] is the untouched side of the blend: ``image``
    equals it wherever ``mask`` is 0. It is the picture that was given, except where the forgery
    changed the surround in place of the face; then ``target`` is that changed picture, and it is
    the real twin to train against, since nothing but the mask's inside tells the two apart.
    """

    image: Image
    mask: Mask
    target: Image

    def __post_init__(self) -> None:
        check_image(self.image)
        check_image(self.target)
        if self.image.shape != self.target.shape or self.mask.shape != self.image.shape[:2]:
            raise SettingError(
                "image, target and mask must be of one size. "
                f"Got {self.image.shape}, {self.target.shape}, {self.mask.shape}"
            )


class Forgery(Protocol[P]):
    """A way to forge a face.

    All random choices are made by :meth:`draw` and held in one frozen value; :meth:`apply` is a
    function of its arguments alone and leaves them untouched. One draw serves a whole clip, so
    that the forgery stays the same from frame to frame. Every length in a draw is a share of the
    face, so that the size of the picture around it does not matter.
    """

    name: str
    needs_donor: bool

    def draw(self, rng: np.random.Generator) -> P:
        """Make the random choices of one forgery."""
        ...

    def apply(
        self, image: Image, landmarks: Points, params: P, donor: Donor | None = None
    ) -> Forged:
        """Forge one picture.

        Args:
            image: uint8 RGB [H, W, 3], a whole frame or a crop of a face.
            landmarks: float64 [5, 2], pixels: eye, eye, nose tip, mouth corner, mouth corner, each
                pair from left to right as seen. Some may lie outside the picture.
            params: what :meth:`draw` returned.
            donor: the face to put in, for forgeries that need one; others ignore it.

        Raises:
            SettingError: picture or landmarks are not of that shape, the face is too small or
                wholly outside the picture, or the forgery needs a donor and got none.
        """
        ...


FORGERIES: Registry[Forgery[Any]] = Registry("forgery")
"""Every forgery, by name."""


def forge(
    name: str, image: Image, landmarks: Points, seed: int, donor: Donor | None = None
) -> Forged:
    """Forge one picture by the forgery called ``name``; the same seed gives the same picture.

    Raises:
        RegistryError: no forgery has that name.
        SettingError: see :meth:`Forgery.apply`.
    """
    forgery = FORGERIES[name]
    params = forgery.draw(np.random.default_rng(seed))
    return forgery.apply(image, landmarks, params, donor)


def forge_clip(
    name: str, frames: Iterable[tuple[Image, Points]], seed: int, donor: Donor | None = None
) -> Iterator[Forged]:
    """Forge a clip by one draw, a frame at a time.

    Args:
        name: the forgery.
        frames: pictures, each with the landmarks of the face to forge.
        seed: makes the draw.
        donor: as for :meth:`Forgery.apply`.

    Raises:
        RegistryError: no forgery has that name.
        SettingError: see :meth:`Forgery.apply`.
    """
    forgery = FORGERIES[name]
    params = forgery.draw(np.random.default_rng(seed))
    return (forgery.apply(image, landmarks, params, donor) for image, landmarks in frames)


def check_landmarks(landmarks: Points) -> None:
    """Raise SettingError unless ``landmarks`` is a finite [5, 2] of a face that is large enough."""
    if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        raise SettingError(f"landmarks must be finite [5, 2]. Got {landmarks.shape}")
    height = float(np.linalg.norm(landmarks[3:].mean(0) - landmarks[:2].mean(0)))
    if height < SMALLEST_FACE:
        raise SettingError(
            f"the eyes must be at least {SMALLEST_FACE:g} pixels from the mouth. Got {height:.1f}"
        )


def need_donor(name: str, donor: Donor | None) -> Donor:
    """Return ``donor``, or raise SettingError in the name of the forgery that needs it."""
    if donor is None:
        raise SettingError(f"forgery '{name}' needs a donor face. Got none")
    return donor
