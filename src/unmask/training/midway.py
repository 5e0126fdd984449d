"""Checkpoints in the midst of an epoch, for epochs that take hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import ModelCheckpoint

LOSS = "training_step.loss"


class MidEpoch(ModelCheckpoint):
    """Writes ``last.ckpt`` every few steps, and with it the sum of the epoch's losses so far.

    Where an epoch ends, it leaves the checkpoint to whoever writes one after the validation.

    Args:
        out: folder of the run.
        steps: optimiser steps from one checkpoint to the next.
    """

    def __init__(self, out: Path, steps: int) -> None:
        super().__init__(
            out,
            "last",
            every_n_train_steps=steps,
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        )
        self._before: dict[str, Any] | None = None
        self._trainer: lightning.Trainer | None = None

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write a checkpoint if it is time."""
        self._trainer = trainer
        metric = _loss(trainer)
        if self._before is not None and metric is not None:
            metric.value += self._before["value"]
            metric.cumulated_batch_size += self._before["count"]
            self._before = None
        if not trainer.is_last_batch:
            module.on_train_batch_end()  # whose turn comes later; the average belongs to this step
            super().on_train_batch_end(trainer, module, outputs, batch, batch_idx)

    def state_dict(self) -> dict[str, Any]:
        """Return the state, with the sum of the losses in the midst of an epoch."""
        state = super().state_dict()
        metric = _loss(self._trainer) if self._trainer else None
        if metric is not None and self._trainer and not self._trainer.is_last_batch:
            state["loss"] = {
                "value": float(metric.value),
                "count": int(metric.cumulated_batch_size),
            }
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember the sum for the first step."""
        self._before = state_dict.get("loss")
        super().load_state_dict(state_dict)


def _loss(trainer: lightning.Trainer) -> Any:
    return trainer.fit_loop.epoch_loop._results.get(LOSS)  # noqa: SLF001 - Lightning keeps no other
