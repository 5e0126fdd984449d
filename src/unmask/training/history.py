"""The history of a run: one row an epoch, in a CSV file that survives a kill, and as figures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import lightning
import polars as pl
from matplotlib.ticker import MaxNLocator

from unmask.plots import FAKE, NEUTRAL, REAL, new_figure, save


class History(lightning.Callback):
    """Writes each epoch's figures; a resumed run goes on after the epoch it resumes from.

    Args:
        path: CSV file.
        dev: names of the dev sets.
    """

    def __init__(self, path: Path, dev: Sequence[str]) -> None:
        self.path = path
        judged = [f"{name}_{figure}" for name in dev for figure in ("auc", "loss")]
        self.columns = ["epoch", "step", "loss", *judged]

    def on_train_epoch_end(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Write the row of the epoch that ends."""
        if not trainer.is_global_zero:
            return
        rows = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["epoch"]) < trainer.current_epoch]
        figures = {name: f"{float(value):.5f}" for name, value in trainer.callback_metrics.items()}
        now = {"epoch": trainer.current_epoch, "step": trainer.global_step, **figures}
        part = self.path.with_suffix(".part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows([*rows, now])
        part.replace(self.path)


def draw_history(path: Path, monitor: str) -> list[Path]:
    """Draw a history beside its file: ``history.png`` (losses) and ``history-auc.png``.

    Args:
        path: CSV file of `History`.
        monitor: column that chose the best epoch, which is marked.
    """
    rows = pl.read_csv(path)
    epochs = rows["epoch"] + 1
    extreme = rows[monitor].arg_min() if monitor.endswith("_loss") else rows[monitor].arg_max()
    written = []
    for kind, title, name in (("loss", "Log loss", "history"), ("auc", "AUC", "history-auc")):
        figure, axes = new_figure()
        columns = [column for column in rows.columns if column.endswith(kind)]
        for column in columns:
            colour = {"loss": NEUTRAL, f"dev_{kind}": REAL}.get(column, FAKE)
            label = "training" if column == "loss" else column.removesuffix(f"_{kind}")
            axes.plot(
                epochs, rows[column], label=label.replace("_", ", "), color=colour, marker="."
            )
        axes.axvline(epochs[extreme or 0], color=NEUTRAL, linestyle=":", label=f"best {monitor}")
        axes.set(xlabel="Epoch", ylabel=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        written.append(save(figure, path.with_name(f"{name}.png")))
    return written
