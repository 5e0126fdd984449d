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
from unmask.forgery import FORGERIES, Donor, forge, nearest_donor
from unmask.training.augment import Strength, draw_augmentation
from unmask.training.changes import changed_places, difference
from unmask.training.grafts import graft
from unmask.types import Image, Points

Sample = tuple[Tensor, Tensor]

DONORS = 20
"""Faces among which the most alike is the donor."""


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


class PairDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Pairs, each a function of (seed, position) alone, so that a resumed run sees the same.

    Item ``i`` is a crop of a real and of its fake, uint8 [2, 3, S, S], which places of them were
    changed, float [2, S / 32, S / 32] (see `changed_places`), and their labels, float [2] = (0, 1).
    The share ``forged`` of the pairs are forged from a real, drawn from the datasets by
    ``weights``; the others are a dataset's fakes with the frames of their originals that are
    nearest in time. Fakes whose original is not among the faces are left out: nothing but the
    forgery may tell a pair apart. Of videos with several tracks the first is taken.

    Args:
        faces: rows of face sets; only those of split ``train`` may be among them.
        spec: the crop.
        forged: share of pairs that are forged.
        grafted: share of the other pairs whose fake is a `graft`.
        forgeries: forgery -> share of the forged pairs.
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
        grafted: float,
        forgeries: dict[str, float],
        weights: dict[str, float],
        strength: Strength,
        seed: int,
        start: int,
        length: int,
    ) -> None:
        if set(faces["split"].unique()) != {"train"}:
            raise DataError(f"only split 'train' may be trained on. Got {set(faces['split'])}")
        self.spec, self.strength = spec, strength
        self.forged, self.grafted = forged, grafted
        self.forgeries = list(forgeries)
        self.mix = _shares(forgeries)
        self.seed, self.start, self.length = seed, start, length
        faces = main_tracks(faces)
        real = faces.filter(pl.col("label") == 0)
        fake = faces.filter(pl.col("label") == 1)
        self.reals = {name: pictures(real.filter(pl.col("dataset") == name)) for name in weights}
        self.weights = _shares(weights)
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

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        position = self.start + index
        rng = np.random.default_rng((self.seed, position))
        if rng.random() < self.forged:
            real, fake = self._forge(rng)
        else:
            real, fake = self._pair(position, rng)
        augmentation = draw_augmentation(rng, self.strength)
        cuts = [augmentation.cut(*each, self.spec) for each in (real, fake)]
        changed = changed_places(*cuts)
        crops = np.stack([augmentation.worsen(cut) for cut in cuts])
        return (
            torch.from_numpy(crops).permute(0, 3, 1, 2),
            torch.from_numpy(np.stack([np.zeros_like(changed), changed])),
            torch.tensor([0.0, 1.0]),
        )

    def _forge(self, rng: np.random.Generator) -> tuple[tuple[Image, Points], tuple[Image, Points]]:
        reals = list(self.reals.values())[rng.choice(len(self.weights), p=self.weights)]
        chosen = int(rng.integers(len(reals)))
        image, landmarks = reals[chosen].decode()
        name = self.forgeries[rng.choice(len(self.mix), p=self.mix)]
        donor = None
        if FORGERIES[name].needs_donor:
            others = [reals[i] for i in rng.integers(len(reals), size=DONORS) if i != chosen]
            alike = nearest_donor(landmarks, [other.landmarks for other in others])
            donor = Donor(*others[alike].decode())
        made = forge(name, image, landmarks, int(rng.integers(2**32)), donor)
        return (made.target, landmarks), (made.image, landmarks)

    def _pair(
        self, position: int, rng: np.random.Generator
    ) -> tuple[tuple[Image, Points], tuple[Image, Points]]:
        cycle, place = divmod(position, len(self.pairs))
        original, fake = self.pairs[_order(len(self.pairs), self.seed, cycle)[place]]
        (image, landmarks), (forged, own) = self.all_reals[original].decode(), fake.decode()
        # The same frame, seen at the same place, is cut at the same place.
        same = difference(image, forged) is not None
        if same and rng.random() < self.grafted:
            forged = graft(image, forged, landmarks, rng)
        return (image, landmarks), (forged, landmarks if same else own)


def _shares(weights: dict[str, float]) -> list[float]:
    total = sum(weights.values())
    return [value / total for value in weights.values()]


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
