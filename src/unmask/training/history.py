"""The history of a run: one row an epoch, in a CSV file that survives a kill."""

from __future__ import annotations

import csv
from pathlib import Path

import lightning

COLUMNS = ("epoch", "step", "loss", "dev_auc", "dev_loss", "dev_forged_auc", "dev_forged_loss")


class History(lightning.Callback):
    """Writes each epoch's figures; a resumed run goes on after the epoch it resumes from."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Write the row of the epoch that ends."""
        rows = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["epoch"]) < trainer.current_epoch]
        figures = {name: f"{float(value):.5f}" for name, value in trainer.callback_metrics.items()}
        now = {"epoch": trainer.current_epoch, "step": trainer.global_step, **figures}
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows([*rows, now])
