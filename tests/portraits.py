"""Faces that the finder finds: crops of the two portraits in the samples, each of its own look."""

from __future__ import annotations

import tarfile
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

REAL = Path(__file__).parents[1] / "samples" / "real"
PEOPLE = {"astronaut": (181, 58, 270, 178), "hopper": (175, 131, 357, 336)}
"""Who is shown, and the box of the face in the file."""


@cache
def _picture(person: str) -> Image:
    return np.asarray(cv2.cvtColor(cv2.imread(str(REAL / f"{person}.jpg")), cv2.COLOR_BGR2RGB))


def portrait(seed: int = 0, person: str = "astronaut", size: int = 160, room: float = 1.7) -> Image:
    """A square crop, uint8 RGB [size, size, 3], moved, mirrored, tinted and grained by the seed.

    Args:
        seed: of the look.
        person: one of `PEOPLE`.
        size: side, pixels.
        room: side of the crop in heights of the face.
    """
    rng = np.random.default_rng(seed)
    x0, y0, x1, y1 = PEOPLE[person]
    scale = size / (room * (y1 - y0))
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + rng.uniform(-4, 4, 2)
    moved = np.array([[scale, 0, 0], [0, scale, 0]], float)
    moved[:, 2] = size / 2 - scale * centre
    picture = cv2.warpAffine(
        _picture(person), moved, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    )
    if seed % 2:
        picture = picture[:, ::-1]
    noise = rng.normal(rng.uniform(-15, 15, 3), 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def scene(seed: int, frame: int, *, forged: bool = False, size: int = 160) -> Image:
    """A frame of a made-up video: a portrait before a ground that is the seed's own.

    Args:
        seed: of the person's look and of the ground.
        frame: number of the frame, which moves the grain.
        forged: whether the middle of the face is of another colour, which a small network learns.
        size: side, pixels.
    """
    rng = np.random.default_rng(seed)
    shown = portrait(seed, list(PEOPLE)[seed % 2], size, room=1.9).astype(float)
    ys, xs = np.mgrid[:size, :size] / size - 0.5
    if forged:
        shown[(xs / 0.16) ** 2 + (ys / 0.2) ** 2 < 1] += (-60, 60, -60)
    head = ((xs / 0.34) ** 2 + (ys / 0.42) ** 2 < 1).astype(np.uint8)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-20, 20), rng.uniform(0.7, 1))
    turn[:, 2] += rng.uniform(-0.15, 0.15, 2) * size  # else all scenes look alike to a hash
    shown, head = (cv2.warpAffine(layer, turn, (size, size)) for layer in (shown, head))
    ground = cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (size, size))
    grain = np.random.default_rng((seed, frame)).normal(0, 3, shown.shape)
    return np.clip(np.where(head[..., None], shown, ground) + grain, 0, 255).astype(np.uint8)


def png(image: Image) -> bytes:
    """The picture, RGB, as the bytes of a PNG."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def write_tree(root: Path, files: dict[str, bytes]) -> None:
    """Write files, and pack what lies below a ``*.zip`` or ``*.tar.gz`` into such an archive."""
    archives: dict[Path, dict[str, bytes]] = {}
    for path, data in files.items():
        for suffix in (".zip", ".tar.gz"):
            head, found, member = path.partition(f"{suffix}/")
            if found:
                archives.setdefault(root / f"{head}{suffix}", {})[member] = data
                break
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
    for archive, members in archives.items():
        archive.parent.mkdir(parents=True, exist_ok=True)
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive, "w") as packed:
                for name, data in members.items():
                    packed.writestr(name, data)
        else:
            with tarfile.open(archive, "w:gz") as packed:
                for name, data in members.items():
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    packed.addfile(info, BytesIO(data))
