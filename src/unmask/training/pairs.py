"""The training data: pairs of a real face and a fake made from it, in one batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unmask.data.prepare import decode_face
from unmask.errors import DataError
from unmask.faces import CropSpec, crop_face
from unmask.forgery import forge
from unmask.training.augment import Strength, draw_augmentation
from unmask.types import Image, Points

Sample = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Picture:
    """One row of a face set, encoded."""

    image: bytes
    landmarks: Points

    def decode(self) -> tuple[Image, Points]:
        """Return the picture, uint8 RGB [H, W, 3], and its landmarks, float64 [5, 2]."""
        return decode_face(self.image), self.landmarks


def main_tracks(faces: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of each video's first track, that of the person seen most."""
    return faces.filter(pl.col("track") == pl.col("track").min().over("dataset", "video_id"))


def originals(fake: pl.DataFrame, real: pl.DataFrame) -> list[int | None]:
    """Return for each fake the row of ``real`` that it is paired with: its original's frame of the
    same time, or else of the nearest; None where the original is not there.
    """
    keys = ["dataset", "original_id", "time"]
    left = fake.select(keys).with_row_index("fake").sort("time")
    right = real.select("dataset", pl.col("video_id").alias("original_id"), "time")
    right = right.with_row_index("real").sort("time")
    joined = left.join_asof(
        right, on="time", by=keys[:2], strategy="nearest", check_sortedness=False
    )
    found: list[int | None] = joined.sort("fake")["real"].to_list()
    return found


def pictures(faces: pl.DataFrame) -> list[Picture]:
    """Return the pictures of a face set's rows."""
    return [
        Picture(image, np.reshape(landmarks, (5, 2)))
        for image, landmarks in faces.select("image", "landmarks").iter_rows()
    ]


class PairDataset(Dataset[Sample]):
    """Pairs, each a function of (seed, position) alone, so that a resumed run sees the same.

    Item ``i`` is a crop of a real and of its fake, uint8 [2, 3, S, S], and their labels, float
    [2] = (0, 1). The share ``forged`` of the pairs are forged from a real, drawn from the datasets
    by ``weights``; the others are a dataset's fakes with the frames of their originals that are
    nearest in time. Fakes whose original is not among the faces are left out: nothing but the
    forgery may tell a pair apart. Of videos with several tracks the first is taken.

    Args:
        faces: rows of face sets; only those of split ``train`` may be among them.
        spec: the crop.
        forged: share of pairs that are forged.
        forgery: name of the forgery.
        weights: dataset -> share of the forged pairs.
        strength: of the augmentation.
        seed: of all draws.
        start: position of the first item.
        length: number of items.
    """

    def __init__(
        self,
        faces: pl.DataFrame,
        *,
        spec: CropSpec,
        forged: float,
        forgery: str,
        weights: dict[str, float],
        strength: Strength,
        seed: int,
        start: int,
        length: int,
    ) -> None:
        if set(faces["split"].unique()) != {"train"}:
            raise DataError(f"only split 'train' may be trained on. Got {set(faces['split'])}")
        self.spec, self.forged, self.forgery, self.strength = spec, forged, forgery, strength
        self.seed, self.start, self.length = seed, start, length
        faces = main_tracks(faces)
        real = faces.filter(pl.col("label") == 0)
        fake = faces.filter(pl.col("label") == 1)
        self.reals = {name: pictures(real.filter(pl.col("dataset") == name)) for name in weights}
        total = sum(weights.values())
        self.weights = [value / total for value in weights.values()]
        self.all_reals = pictures(real)
        self.pairs = [
            (place, picture)
            for place, picture in zip(originals(fake, real), pictures(fake), strict=True)
            if place is not None
        ]
        if (forged < 1 and not self.pairs) or (forged > 0 and not all(self.reals.values())):
            raise DataError("training needs fakes with their originals, and reals of each source")

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        position = self.start + index
        rng = np.random.default_rng((self.seed, position))
        if rng.random() < self.forged:
            real, fake = self._forge(rng)
        else:
            real, fake = self._pair(position)
        augmentation = draw_augmentation(rng, self.strength)
        crops = np.stack([augmentation(*real, self.spec), augmentation(*fake, self.spec)])
        return torch.from_numpy(crops).permute(0, 3, 1, 2), torch.tensor([0.0, 1.0])

    def _forge(self, rng: np.random.Generator) -> tuple[tuple[Image, Points], tuple[Image, Points]]:
        reals = list(self.reals.values())[rng.choice(len(self.weights), p=self.weights)]
        image, landmarks = reals[rng.integers(len(reals))].decode()
        made = forge(self.forgery, image, landmarks, int(rng.integers(2**32)))
        return (made.target, landmarks), (made.image, landmarks)

    def _pair(self, position: int) -> tuple[tuple[Image, Points], tuple[Image, Points]]:
        cycle, place = divmod(position, len(self.pairs))
        original, fake = self.pairs[_order(len(self.pairs), self.seed, cycle)[place]]
        return self.all_reals[original].decode(), fake.decode()


@lru_cache(maxsize=2)
def _order(count: int, seed: int, cycle: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, 1, cycle)).permutation(count)


class CropDataset(Dataset[Sample]):
    """Plain crops, uint8 [3, S, S], and labels, float [], of a face set's rows, or of forgeries.

    Args:
        faces: rows of a face set.
        spec: the crop.
        forgery: if given, the rows must be real; each is followed by what it is forged into,
            with its position as the seed.
    """

    def __init__(self, faces: pl.DataFrame, spec: CropSpec, forgery: str | None = None) -> None:
        self.pictures = pictures(faces)
        self.labels = faces["label"].to_list()
        self.spec = spec
        self.forgery = forgery

    def __len__(self) -> int:
        return len(self.pictures) * (2 if self.forgery else 1)

    def __getitem__(self, index: int) -> Sample:
        number, fake = divmod(index, 2) if self.forgery else (index, self.labels[index])
        image, landmarks = self.pictures[number].decode()
        if self.forgery:
            made = forge(self.forgery, image, landmarks, number)
            image = made.image if fake else made.target
        crop = crop_face(image, landmarks, self.spec).image
        return torch.from_numpy(crop).permute(2, 0, 1), torch.tensor(float(fake))
