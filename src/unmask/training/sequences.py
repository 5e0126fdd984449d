"""Sequences to train and to judge on: the crops of one person of a clip, in order of time."""

from __future__ import annotations

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unmask.detect.look import evenly
from unmask.faces import CropSpec, crop_face
from unmask.training.augment import Strength, draw_augmentation
from unmask.training.pairs import main_tracks, pictures

Sequence = tuple[Tensor, Tensor, Tensor]


class SequenceDataset(Dataset[Sequence]):
    """Crops, uint8 [T, 3, S, S], mask, bool [T], and label, float [], of each video's main track.

    A face set's column ``slot`` says where in the thinned clip a frame stands; slots without a
    frame are marked as missing. Without it the frames are numbered in order of time. Of more than
    T slots, T are taken, evenly spread; fewer are filled up with missing ones.

    Args:
        faces: rows of face sets.
        spec: the crop.
        length: T.
        strength: of the augmentation, which is the same for all frames of a clip; None for none.
        draw: seed and epoch. Each augmentation is a function of these and the position alone.

    Attributes:
        labels: of all items.
    """

    def __init__(
        self,
        faces: pl.DataFrame,
        spec: CropSpec,
        length: int,
        strength: Strength | None = None,
        draw: tuple[int, int] | None = None,
    ) -> None:
        self.spec, self.length, self.strength, self.draw = spec, length, strength, draw
        self.labels: list[int] = []
        self.clips: list[list[tuple[int, int]]] = []
        faces = with_slots(main_tracks(faces)).sort("dataset", "video_id", "slot")
        self.pictures = pictures(faces)
        rows = faces.with_row_index("row")
        for _, clip in rows.group_by("dataset", "video_id", maintain_order=True):
            row_at: dict[int, int] = dict(clip.select("slot", "row").iter_rows())
            wanted = evenly(max(row_at) + 1, length)
            found = [(n, row_at[slot]) for n, slot in enumerate(wanted) if slot in row_at]
            # At least one is there: should all slots that are wanted be missing, the first that is.
            self.clips.append(found or [(0, clip["row"][0])])
            self.labels.append(clip["label"][0])

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sequence:
        size = self.spec.size
        crops = np.zeros((self.length, size, size, 3), np.uint8)
        mask = torch.zeros(self.length, dtype=torch.bool)
        augmentation = None
        if self.strength is not None and self.draw is not None:
            rng = np.random.default_rng((*self.draw, index))
            augmentation = draw_augmentation(rng, self.strength)
        for place, row in self.clips[index]:
            image, landmarks = self.pictures[row].decode()
            if augmentation is None:
                crops[place] = crop_face(image, landmarks, self.spec).image
            else:
                crops[place] = augmentation(image, landmarks, self.spec)
            mask[place] = True
        label = torch.tensor(float(self.labels[index]))
        return torch.from_numpy(crops).permute(0, 3, 1, 2), mask, label


def with_slots(faces: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with a ``slot`` in each: as given, else the rank in time within the clip."""
    rank = pl.col("time").rank("ordinal").over("dataset", "video_id").cast(pl.Int32) - 1
    if "slot" not in faces.columns:
        return faces.with_columns(slot=rank)
    known = pl.col("slot").is_not_null().all().over("dataset", "video_id")
    return faces.with_columns(slot=pl.when(known).then("slot").otherwise(rank))
