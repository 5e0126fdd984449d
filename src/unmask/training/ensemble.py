"""Trained detectors read back from their runs, one or several as one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from unmask.errors import DataError, SettingError
from unmask.training.recipes import Recipe
from unmask.training.run import read_run


class Mean(nn.Module):
    """The mean of several detectors' outputs, a deep ensemble in one graph.

    Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", NeurIPS 2017. Mean maps and a mean bias still make the mean logit.
    """

    def __init__(self, detectors: Sequence[nn.Module], sizes: Sequence[int]) -> None:
        super().__init__()
        self.detectors = nn.ModuleList(detectors)
        self.sizes = sizes

    def forward(self, crops: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the mean of each output of the detectors for frames, or sequences and their mask.

        ``crops`` [B, 3, S, S], S the greatest of ``sizes``, or [B, T, 3, S, S] with ``mask``
        [B, T]. A detector of smaller frames sees them shrunk.
        """
        found = []
        for detector, size in zip(self.detectors, self.sizes, strict=True):
            seen = crops
            if size != crops.shape[-1]:
                seen = nn.functional.interpolate(crops, (size, size), mode="bilinear")
            outputs = detector(seen) if mask is None else detector(seen, mask)
            found.append(outputs if isinstance(outputs, tuple) else (outputs,))
        shape = max((outputs[-1].shape[1:] for outputs in found), default=None)
        fitted = [(outputs[0], *(_fit(cam, shape) for cam in outputs[1:])) for outputs in found]
        return tuple(torch.stack(each).mean(0) for each in zip(*fitted, strict=True))


def _fit(cam: Tensor, shape: Sequence[int] | None) -> Tensor:
    """Return maps [B, h, w] of another shape, with the same mean."""
    if shape is None or cam.shape[1:] == shape:
        return cam
    larger = nn.functional.interpolate(cam[:, None], tuple(shape), mode="bilinear")[:, 0]
    return larger + (cam.mean((1, 2)) - larger.mean((1, 2)))[:, None, None]


def read_ensemble(
    runs: Sequence[Path], checkpoint: str = "best.ckpt"
) -> tuple[nn.Module, list[tuple[Recipe, dict[str, Any]]]]:
    """Return the detector of a run, or the mean of several, and each one's recipe and facts.

    Raises:
        DataError: a folder holds no run, a checkpoint is missing or damaged, or the runs do not see
            the same crops, but for their size.
    """
    loaded = [_load(run, checkpoint) for run in runs]
    for run, (other, _, _) in zip(runs, loaded, strict=True):
        if _sees(other) != _sees(loaded[0][0]):
            raise DataError(f"{run}: sees other crops than {runs[0]}; runs of one mean must agree")
    detectors = [each for _, each, _ in loaded]
    detector = detectors[0]
    if len(runs) > 1:
        detector = Mean(detectors, [recipe.crop.size for recipe, _, _ in loaded])
    return detector.eval(), [(recipe, facts) for recipe, _, facts in loaded]


def read_teachers(recipe: Recipe, runs: Sequence[Path]) -> tuple[nn.Module | None, str]:
    """Return the teacher of a run of ``recipe``, if it has one, and words on where it came from.

    Raises:
        SettingError: there are runs but the recipe is not taught, or none although it is; or it
            cannot be.
        DataError: a run cannot be read, or sees other crops than the recipe's.
    """
    if bool(runs) != (recipe.taught > 0):
        raise SettingError(
            "teachers and the recipe's choice taught go together: give --teacher RUN and "
            "--set taught=0.7, or neither"
        )
    if not runs:
        return None, ""
    if recipe.cached:
        raise SettingError("a recipe that computes its features once cannot be taught")
    teacher, members = read_ensemble(runs)
    if _sees(members[0][0]) != _sees(recipe):
        raise DataError(f"{runs[0]}: sees other crops than the recipe; it cannot teach")
    digests = (hashlib.sha256((run / "best.ckpt").read_bytes()).hexdigest() for run in runs)
    told = [f"{run.resolve().name} ({digest})" for run, digest in zip(runs, digests, strict=True)]
    return teacher, f"; taught by {', '.join(told)}"


def _load(run: Path, checkpoint: str) -> tuple[Recipe, nn.Module, dict[str, Any]]:
    """Return a run's recipe, its detector and its facts."""
    recipe, facts = read_run(run)
    path = run / checkpoint
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: no such checkpoint of the run ({error.strerror})") from error
    except (RuntimeError, ValueError, UnpicklingError) as error:
        raise DataError(f"{path}: not a whole checkpoint; go on training") from error
    detector = recipe.build().eval()
    prefix = "average.module." if recipe.average else "detector."
    detector.load_state_dict(
        {k.removeprefix(prefix): v for k, v in saved["state_dict"].items() if k.startswith(prefix)}
    )
    return recipe, detector, {**facts, "epochs": saved["epoch"] + 1, "step": saved["global_step"]}


def _sees(recipe: Recipe) -> tuple[Any, ...]:
    """Return what a detector is shown, but for the size of frames, which can be shrunk."""
    size = recipe.crop.size if recipe.input == "sequence" else 0
    place = recipe.crop.model_dump(exclude={"size"})
    return recipe.input, getattr(recipe, "length", None), place, size, recipe.normalisation()
