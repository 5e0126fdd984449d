"""From face sets to batches: a new order every epoch, and features computed once where they may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from unmask.errors import DataError
from unmask.training.pairs import main_tracks
from unmask.training.recipes import Recipe

DEV_BATCH = 64


class Loaders(lightning.LightningDataModule):
    """Batches of split ``train``, made anew every epoch, and of the dev sets.

    Args:
        recipe: all choices.
        faces: rows of face sets.
        workers: processes that make batches.

    Raises:
        DataError: the splits do not hold what is needed.
    """

    def __init__(self, recipe: Recipe, faces: pl.DataFrame, workers: int) -> None:
        super().__init__()
        self.recipe, self.workers = recipe, workers
        self.train = recipe.usable(faces.filter(pl.col("split") == "train"))
        dev = main_tracks(faces.filter(pl.col("split") == "dev"))
        for name, rows in (("train", self.train), ("dev", dev)):
            if set(rows["label"].unique()) != {0, 1}:
                raise DataError(
                    f"the face sets must hold reals and fakes of split '{name}'; "
                    "see `unmask data split`"
                )
        self.dev = recipe.dev_sets(dev)
        self._features: dict[str, list[Any]] = {}

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the loader of the current epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        dataset = self.recipe.train_set(self.train, epoch)
        if isinstance(dataset, Subset) and self.recipe.cached:
            dataset = Subset(self._once("train", dataset.dataset), dataset.indices)
        return self._loader(dataset, self.recipe.batch_size)

    def val_dataloader(self) -> list[DataLoader[Any]]:
        """Return the loaders of the dev sets."""
        if not self.recipe.cached:
            return [self._loader(dataset, DEV_BATCH) for dataset in self.dev.values()]
        return [self._loader(self._once(*item), DEV_BATCH) for item in self.dev.items()]

    def _loader(self, dataset: Any, batch_size: int) -> DataLoader[Any]:
        workers = 0 if self.recipe.cached else self.workers
        return DataLoader(dataset, batch_size=batch_size, num_workers=workers)

    def _once(self, name: str, dataset: Dataset[Any]) -> Any:
        """Return the items with the frozen backbone's features in place of the pictures."""
        if name not in self._features:
            loader = DataLoader(dataset, self.recipe.batch_size, num_workers=self.workers)
            trainer: Any = self.trainer
            self._features[name] = features(trainer.lightning_module, loader)
        return self._features[name]


@torch.no_grad()
def features(training: Any, batches: DataLoader[Any]) -> list[Sequence[Tensor]]:
    """Return items whose pictures are replaced by the backbone's features, in order."""
    detector = training.detector
    items: list[Sequence[Tensor]] = []
    for images, *rest in batches:
        found = detector.features(training.normalise(images.to(training.device))).cpu()
        items += zip(found, *rest, strict=True)
    return items
