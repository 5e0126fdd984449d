"""Training of detectors with Lightning.

A run is a folder: ``recipe.json`` (all choices, code version, hashes of the face sets),
``metrics.csv`` and the same as TensorBoard logs, ``last.ckpt`` to resume from, ``best.ckpt`` by the
dev set, and figures of the history. Every epoch starts from a seed of its own, so a run that was
killed and resumed ends in the weights of one that was not. Started by ``torchrun``, several
processes train one run together; see `unmask.training.distributed`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO

from unmask.training.distributed import GatherDev, World, share_statistics
from unmask.training.ensemble import read_teachers
from unmask.training.history import History, draw_history
from unmask.training.loaders import Loaders
from unmask.training.midway import MidEpoch
from unmask.training.module import Training
from unmask.training.recipes import Recipe
from unmask.training.run import read_face_sets, write_facts


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and moves it there, so that a kill leaves a whole one.

    Lightning's own goes through the folder for temporary files, which may be on another disk.
    """

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        """Save ``checkpoint`` at ``path``."""
        del storage_options
        part = Path(path).with_suffix(".part")
        torch.save(checkpoint, part)
        part.replace(path)


class Patience(EarlyStopping):
    """Early stopping that, in a run resumed after it had stopped, does not start again."""

    def on_train_start(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Stop at once where the patience is used up."""
        trainer.should_stop = self.wait_count >= self.patience


def train(
    recipe: Recipe,
    face_sets: Sequence[Path],
    out: Path,
    *,
    workers: int = 1,
    accelerator: str = "auto",
    weights: Path | None = None,
    teachers: Sequence[Path] = (),
    stream: bool = False,
    checkpoint_every: int = 0,
) -> Path:
    """Train, or go on training, a run; return the path of its best checkpoint.

    Args:
        recipe: all choices.
        face_sets: folders of face sets; rows of split ``train`` are trained on, ``dev`` selects,
            and nothing else is read.
        out: the run's folder; where it holds ``last.ckpt`` of the same recipe, training goes on.
        workers: processes that make batches.
        accelerator: as Lightning names it.
        weights: state dict that the backbone starts from; see `unmask.training.weights`.
        teachers: runs whose mean teaches, where the recipe is ``taught``.
        stream: read pictures from their shards as they are needed, not all into memory.
        checkpoint_every: optimiser steps between checkpoints in the midst of an epoch; 0 for none.

    Raises:
        DataError: the face sets do not hold what is needed, or ``out`` holds another run.
        SettingError: there are no weights to start from, teachers are given to a recipe that is not
            taught, or none to one that is, or training diverged.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.manual_seed(recipe.seed)
    detector = recipe.build()
    origin = recipe.load_weights(detector, weights)
    teacher, names = read_teachers(recipe, teachers)
    world = World.here()
    faces = read_face_sets(face_sets, stream=stream)
    loaders = Loaders(recipe, faces, workers, world)
    if not world.rank:
        write_facts(out, recipe, faces, face_sets, origin + names)
    steps = recipe.total_steps(loaders.train)
    history = out / "metrics.csv"
    mode = "min" if recipe.monitor == "dev_loss" else "max"
    callbacks: list[Callback] = [
        History(history, list(loaders.dev)),
        ModelCheckpoint(
            out,
            "best",
            monitor=recipe.monitor,
            mode=mode,
            enable_version_counter=False,
            save_weights_only=True,
        ),
        # After the best one, so that a resumed run knows of it.
        ModelCheckpoint(out, "last", enable_version_counter=False),
    ]
    if checkpoint_every:
        callbacks.append(MidEpoch(out, checkpoint_every))
    if recipe.patience:
        callbacks.append(Patience(recipe.monitor, patience=recipe.patience, mode=mode))
    training = Training(
        recipe,
        detector,
        steps=steps,
        dev=list(loaders.dev),
        loss_weights=recipe.loss_weights(loaders.train),
        teacher=teacher,
    )
    if world.size > 1:
        callbacks.append(GatherDev())
        share_statistics(training.detector)
        if training.average is not None:
            training.average.requires_grad_(False)  # else its gradients would be waited for
    resume = out / "last.ckpt"
    with warnings.catch_warnings():
        # Lightning warns of what is meant here: a run's folder that is not empty, few workers.
        warnings.filterwarnings("ignore", module="lightning")
        trainer = lightning.Trainer(
            accelerator=accelerator,
            **world.options(),
            precision=recipe.precision,
            max_steps=recipe.last_step(loaders.train),
            accumulate_grad_batches=recipe.accumulate,
            gradient_clip_val=recipe.clip or None,
            callbacks=callbacks,
            plugins=[WholeCheckpoints()],
            logger=TensorBoardLogger(out, name="tensorboard", version=""),
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(
            training, loaders, ckpt_path=resume if resume.exists() else None, weights_only=True
        )
    if not world.rank:
        draw_history(history, recipe.monitor)
    return out / "best.ckpt"
