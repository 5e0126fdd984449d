"""Make the samples from two public-domain portraits.

    python samples/make.py          # writes samples/real and samples/forged

Needs scikit-image and matplotlib (of the ``dev`` extra), which carry the portraits, and nothing
from the network. The clip is a photograph, moved as a hand would move a camera; its forged twin
is made from the same frames, and both go through one encoder with one setting. Every random choice
hangs on :data:`SEED`, which was fixed before the first run and is not to be tuned to any detector.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data

from unmask.cli.forge import write_clip, write_still
from unmask.faces import FINDERS, find_faces
from unmask.forgery import FORGERIES, Donor, forge, forge_clip
from unmask.media import open_media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.types import Image, Points

HERE = Path(__file__).parent
SEED = 1
FPS = 25
SECONDS = 4
SIZE = (640, 480)
VIEW = 400
"""Width in pixels of the part of the portrait that the clip shows."""

QUALITY = 90
CRF = 23


def portrait(name: str) -> Donor:
    """Return a portrait with the landmarks of its face."""
    if name == "astronaut":
        image = skimage.data.astronaut()
    else:
        path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
        with open_media(str(path)) as reader:
            image = next(iter(reader)).image
    face = find_faces(FINDERS["centerface"](), image)[0]
    return Donor(image, face.landmarks)


def animate(still: Donor) -> Iterator[tuple[Image, Points]]:
    """Move a photograph as a hand-held camera would, with a slight flicker of the exposure."""
    rng = np.random.default_rng(SEED)
    # Each motion is a sum of three slow waves: hertz, phase, share.
    waves = {name: rng.uniform((0.1, 0, 0.3), (0.9, 6.28, 1), (3, 3)) for name in "xyzrb"}
    middle = still.landmarks.mean(0) + np.array([0, 20])
    for index in range(FPS * SECONDS):
        time = index / FPS
        move = {
            name: float((wave[:, 2] * np.sin(6.28 * wave[:, 0] * time + wave[:, 1])).sum())
            for name, wave in waves.items()
        }
        scale = SIZE[0] / VIEW * (1.03 + 0.015 * move["z"])
        angle = np.deg2rad(0.8 * move["r"])
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = np.array(SIZE) / 2 + 5 * np.array([move["x"], move["y"]])
        camera = np.hstack([linear, (centre - linear @ middle)[:, None]])
        view = cv2.warpAffine(
            still.image, camera, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        exposed = cv2.convertScaleAbs(view, alpha=1 + 0.01 * move["b"])
        yield np.asarray(exposed, np.uint8), still.landmarks @ linear.T + camera[:, 2]


def blend_seed() -> int:
    """Return the first seed from SEED on whose self-blend changes the face.

    The others change the surround, which is of use in training but shows nothing to a person.
    """
    draws = FORGERIES["self_blend"]
    seeds = itertools.count(SEED)
    return next(s for s in seeds if draws.draw(np.random.default_rng(s)).change_source)


def timed(images: Iterator[Image]) -> Iterator[tuple[float, Image]]:
    """Give each frame its time in seconds."""
    return ((index / FPS, image) for index, image in enumerate(images))


def main() -> None:
    """Write every sample."""
    real, forged = HERE / "real", HERE / "forged"
    real.mkdir(exist_ok=True)
    forged.mkdir(exist_ok=True)
    astronaut, hopper = portrait("astronaut"), portrait("hopper")

    write_still(real / "astronaut.jpg", astronaut.image, QUALITY)
    write_still(real / "hopper.jpg", hopper.image, QUALITY)
    blend = forge("self_blend", astronaut.image, astronaut.landmarks, blend_seed())
    write_still(forged / "astronaut-selfblend.jpg", blend.image, QUALITY)
    swap = forge("face_swap", hopper.image, hopper.landmarks, SEED, astronaut)
    write_still(forged / "hopper-faceswap.jpg", swap.image, QUALITY)

    plain = (image for image, _ in animate(astronaut))
    write_clip(real / "astronaut.mp4", timed(plain), crf=CRF)
    swaps = forge_clip("face_swap", animate(astronaut), SEED, hopper)
    write_clip(
        forged / "astronaut-faceswap.mp4",
        timed(swap.image for swap in swaps),
        comment=f"forged by unmask: face_swap, seed {SEED}",
        crf=CRF,
    )
    for path in sorted(HERE.glob("*/*")):
        print(f"{path.relative_to(HERE)}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
