"""A detector in training: its loss, its judgement, its optimiser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning
import torch
from sklearn.metrics import log_loss, roc_auc_score
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from unmask.errors import SettingError
from unmask.training.depthwise import NHWC, quicken
from unmask.training.recipes import Recipe


class Training(lightning.LightningModule):
    """A detector, its running average if the recipe asks for one, and how they are trained.

    Args:
        recipe: all choices.
        detector: what `Recipe.build` returns.
        steps: optimiser steps of the whole run.
        dev: names of the dev sets, in the order of their loaders.
        loss_weights: of a real and of a fake.
        teacher: detector of the same crops whose word is the share ``taught`` of the loss.
    """

    def __init__(
        self,
        recipe: Recipe,
        detector: nn.Module,
        *,
        steps: int = 1,
        dev: Sequence[str] = ("dev",),
        loss_weights: tuple[float, float] = (1.0, 1.0),
        teacher: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.recipe, self.steps, self.dev, self.loss_weights = recipe, steps, dev, loss_weights
        quicken(detector)
        self.detector: Any = detector.to(memory_format=NHWC)
        self.average = None
        if recipe.average:
            self.average = AveragedModel(self.detector, avg_fn=self._average, use_buffers=True)
        # In a tuple, so that it is neither trained nor saved.
        self._teachers = () if teacher is None else (teacher.requires_grad_(False),)
        self._averaged = 0
        self._seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def _average(self, old: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        if not old.is_floating_point():
            return new
        decay = min(self.recipe.average, (1 + float(count)) / (10 + float(count)))
        return old.lerp(new, 1 - decay)

    def normalise(self, images: Tensor) -> Tensor:
        """Return uint8 crops [..., 3, S, S] as the float batch that is trained on.

        That is [B, 3, S, S], or [B, T, 3, S, S] for a detector of sequences.
        """
        batch = images.float().div_(255)
        norm = self.recipe.normalisation()
        mean, std = (
            torch.tensor(v, device=batch.device)[:, None, None] for v in (norm.mean, norm.std)
        )
        batch = batch.sub_(mean).div_(std)
        if self.recipe.input == "sequence":
            return batch
        return batch.flatten(0, -4).contiguous(memory_format=NHWC)

    def _outputs(self, detector: Any, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        """Return what is made of a batch's inputs, pictures or their features; first the logits."""
        if self.recipe.cached:
            found = detector.head(*inputs)
        else:
            found = detector(self.normalise(inputs[0]), *inputs[1:])
        outputs = found if isinstance(found, tuple) else (found,)
        return tuple(output.float() for output in outputs)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the next epoch.

        A checkpoint is written when an epoch has ended, but before Lightning notes that it has;
        left alone, it would end the epoch a second time, without figures.
        """
        loop = checkpoint["loops"]["fit_loop"]
        if not loop["epoch_loop.batch_progress"]["is_last_batch"]:
            return  # it was written in the midst of one
        for count in loop["epoch_progress"].values():
            count["completed"] = count["processed"]
        batches = loop["epoch_loop.batch_progress"]
        batches["current"] = dict.fromkeys(batches["current"], 0)
        batches["is_last_batch"] = False

    def on_train_start(self) -> None:
        """Note the step that training goes on from."""
        self._averaged = self.global_step
        for teacher in self._teachers:
            teacher.to(self.device).to(memory_format=NHWC)

    def training_step(self, batch: Sequence[Tensor], number: int) -> Tensor:
        """Return the loss of a batch: inputs, changed places if the recipe has them, and labels.

        Dropout is seeded by epoch and batch. Once an epoch would not be enough for a resumed run to
        draw the same: the loaders draw from the same source, and then at other moments.
        """
        seed = self.recipe.seed + 1_000_003 * self.current_epoch + number
        torch.manual_seed(seed + 7_368_787 * self.global_rank)
        *inputs, labels = batch
        place_weight = self.recipe.place_weight
        changed = None if place_weight is None else inputs.pop()
        logit, *others = self._outputs(self.detector, inputs)
        labels = labels.flatten()
        wanted = labels * (1 - self.recipe.smoothing) + self.recipe.smoothing / 2
        for teacher in self._teachers:
            wanted = wanted.lerp(self._word_of(teacher, inputs), self.recipe.taught)
        real, fake = self.loss_weights
        weight = real + labels * (fake - real)
        loss = nn.functional.binary_cross_entropy_with_logits(logit, wanted, weight)
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=len(labels), sync_dist=True)
        if place_weight is None or changed is None:
            return loss
        changed = changed.flatten(0, 1)
        known = changed.isfinite()
        second = nn.functional.binary_cross_entropy_with_logits(others[-1][known], changed[known])
        return loss + place_weight * second

    @torch.no_grad()
    def _word_of(self, teacher: nn.Module, inputs: list[Tensor]) -> Tensor:
        """Return a teacher's probabilities of fake."""
        return self._outputs(teacher, inputs)[0].sigmoid()

    def on_train_batch_end(self, *_: Any) -> None:
        """Update the running average after each step of the optimiser."""
        if self.average is not None and self.global_step != self._averaged:
            self._averaged = self.global_step
            self.average.update_parameters(self.detector)

    @property
    def judged(self) -> Any:
        """The detector that is judged and exported: the running average if there is one."""
        return self.detector if self.average is None else self.average.module

    def validation_step(self, batch: Sequence[Tensor], _: int, dataloader_idx: int = 0) -> None:
        """Score a batch of a dev set."""
        *inputs, labels = batch
        logit = self._outputs(self.judged, inputs)[0]
        self._seen.setdefault(self.dev[dataloader_idx], []).append((logit, labels.flatten()))

    def on_validation_epoch_end(self) -> None:
        """Log AUC and log loss of the dev sets."""
        for name, parts in self._seen.items():
            logits, labels = (torch.cat(column).cpu() for column in zip(*parts, strict=True))
            if not logits.isfinite().all():
                raise SettingError(
                    f"training diverged by step {self.global_step}; lower learning_rate"
                )
            real, fake = self.loss_weights
            chance, weight = logits.sigmoid().double(), real + labels * (fake - real)
            self.log(f"{name}_auc", float(roc_auc_score(labels, logits)))
            self.log(f"{name}_loss", float(log_loss(labels, chance, sample_weight=weight)))
        self._seen.clear()

    def configure_optimizers(self) -> Any:
        """Return AdamW and the recipe's schedule, stepped at every step."""
        trained = [p for p in self.detector.parameters() if p.requires_grad]
        plain = [p for p in trained if p.ndim > 1]
        free = [p for p in trained if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": plain, "weight_decay": self.recipe.weight_decay},
             {"params": free, "weight_decay": 0.0}],
            lr=self.recipe.learning_rate,
        )  # fmt: skip
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: self.recipe.rate(step, self.steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
