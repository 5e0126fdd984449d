"""From face sets to batches: a new order every epoch, and features computed once where they may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning
import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from unmask.errors import DataError
from unmask.training.distributed import Share, World, shared_dev
from unmask.training.pairs import main_tracks
from unmask.training.recipes import Recipe

DEV_BATCH = 64

WINDOW = 32
"""Row groups of the shards among which items are shuffled where pictures are streamed."""


class Loaders(lightning.LightningDataModule):
    """Batches of split ``train``, made anew every epoch, and of the dev sets.

    Args:
        recipe: all choices.
        faces: rows of face sets.
        workers: processes that make batches.
        world: the processes that train, each on its share of every batch.

    Raises:
        DataError: the splits do not hold what is needed.
    """

    def __init__(
        self, recipe: Recipe, faces: pl.DataFrame, workers: int, world: World | None = None
    ) -> None:
        super().__init__()
        self.recipe, self.workers, self.world = recipe, workers, world or World()
        self._goes_on = (0, 0)
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
        """Return the loader of the current epoch, or of what is left of it after a checkpoint."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        dataset: Any = self.recipe.train_set(self.train, epoch)
        if isinstance(dataset, Subset) and self.recipe.cached:
            dataset = Subset(self._once("train", dataset.dataset), dataset.indices)
        elif isinstance(dataset, Subset):
            order = windowed(dataset.dataset, dataset.indices, (self.recipe.seed, epoch))
            dataset = Subset(dataset.dataset, order)
        began, done = self._goes_on
        share = Share(
            len(dataset), self.recipe.batch_size, self.world, done if began == epoch else 0
        )
        return DataLoader(dataset, batch_sampler=share, num_workers=self._makers)

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch, and how many of its batches are done if it is not over."""
        trainer: Any = self.trainer
        progress = trainer.fit_loop.epoch_loop.batch_progress
        done = 0 if progress.is_last_batch else progress.current.ready
        return {"epoch": trainer.current_epoch, "done": done}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the batches that are done."""
        self._goes_on = (state_dict["epoch"], state_dict["done"])

    def val_dataloader(self) -> list[DataLoader[Any]]:
        """Return the loaders of the dev sets."""
        loaders = []
        for name, dataset in self.dev.items():
            items: Any = self._once(name, dataset) if self.recipe.cached else dataset
            own = Subset(items, shared_dev(len(items), self.world))
            loaders.append(DataLoader(own, batch_size=DEV_BATCH, num_workers=self._makers))
        return loaders

    @property
    def _makers(self) -> int:
        return 0 if self.recipe.cached else self.workers

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


def windowed(items: Any, order: Sequence[int], draw: tuple[int, int]) -> Sequence[int]:
    """Return an order in which few row groups are needed at a time, where pictures are streamed.

    The row groups are drawn into windows; items of one window stay together, in the order given.

    Args:
        items: dataset whose ``pictures`` say where they are stored; any other keeps its order.
        order: of the items.
        draw: seed and epoch.
    """
    clips = getattr(items, "clips", None)
    firsts = [order[0] if clips is None else clips[order[0]][0][1]] if len(order) else []
    if not firsts or isinstance(items.pictures[firsts[0]].image, bytes):
        return order
    rows = order if clips is None else [clips[item][0][1] for item in order]
    places = [(items.pictures[n].image["shard"], items.pictures[n].image["group"]) for n in rows]
    groups = sorted(set(places))
    drawn = np.random.default_rng((*draw, 2)).permutation(len(groups)) // WINDOW
    window = dict(zip(groups, drawn.tolist(), strict=True))
    ranks = np.argsort([window[place] for place in places], kind="stable")
    return [order[n] for n in ranks.tolist()]
