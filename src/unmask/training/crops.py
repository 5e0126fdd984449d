"""Single crops to train and to judge on, each by itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unmask.faces import CropSpec, crop_face
from unmask.training.augment import Strength, draw_augmentation
from unmask.training.pairs import Sample, main_tracks, pictures


class TrainingCrops(Dataset[Sample]):
    """Crops, uint8 [3, S, S], and labels, float [], of the main track of each video.

    Args:
        faces: rows of face sets.
        spec: the crop.
        strength: of the augmentation; None for none.
        draw: seed and epoch. Each augmentation is a function of these and the position alone.

    Attributes:
        labels: of all items.
    """

    def __init__(
        self,
        faces: pl.DataFrame,
        spec: CropSpec,
        strength: Strength | None = None,
        draw: tuple[int, int] | None = None,
    ) -> None:
        faces = main_tracks(faces)
        self.pictures = pictures(faces)
        self.labels: list[int] = faces["label"].to_list()
        self.spec, self.strength, self.draw = spec, strength, draw

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        image, landmarks = self.pictures[index].decode()
        if self.strength is None or self.draw is None:
            crop = crop_face(image, landmarks, self.spec).image
        else:
            rng = np.random.default_rng((*self.draw, index))
            crop = draw_augmentation(rng, self.strength)(image, landmarks, self.spec)
        label: Tensor = torch.tensor(float(self.labels[index]))
        return torch.from_numpy(crop).permute(2, 0, 1), label
