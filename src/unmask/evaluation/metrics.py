"""Measures of scores, with intervals bootstrapped over whole groups.

All take ``labels`` int [N] (0 real, 1 fake) and ``scores`` float [N] (higher is more fake); what
was abstained on has the score -inf where a measure counts it as missed, and is left out where not.
Names ending in ``_score`` are better up, ``_loss`` better down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from unmask.errors import SettingError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Metric = Callable[[Labels, Floats], float]


def auc_score(labels: Labels, scores: Floats) -> float:
    """Return the area under the ROC curve; nan where one label is missing."""
    return float(roc_auc_score(labels, scores)) if 0 < labels.sum() < len(labels) else float("nan")


def recall_at_specificity(specificity: float) -> Metric:
    """Return the metric: share of fakes above the score that ``specificity`` of reals stay below.

    Reals at the threshold count as below it, fakes at it as missed.
    """
    if not 0 < specificity < 1:
        raise SettingError(f"specificity must be between 0 and 1. Got {specificity}")

    def recall_score(labels: Labels, scores: Floats) -> float:
        reals = np.sort(scores[labels == 0])
        allowed = int((1 - specificity) * len(reals) + 1e-9)
        threshold = reals[len(reals) - 1 - allowed]
        return float((scores[labels == 1] > threshold).mean())

    return recall_score


def probabilities(scores: Floats) -> Floats:
    """Return the probabilities of fake at even odds of log-odds ``scores``."""
    return 1 / (1 + np.exp(-np.clip(scores, -500, 500)))


def calibration_loss(labels: Labels, scores: Floats, bins: int = 15) -> float:
    """Return the expected calibration error of log-odds over bins of equal numbers.

    Reals and fakes weigh the same in total, as the scores are at even odds. See Naeini et al.,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; equal-mass bins.
    """
    chances = probabilities(scores)
    weights = np.where(labels == 1, 0.5 / max(1, labels.sum()), 0.5 / max(1, (labels == 0).sum()))
    return float(
        sum(
            abs((weights[part] * (labels[part] - chances[part])).sum())
            for part in np.array_split(np.argsort(scores, kind="stable"), bins)
        )
    )


def balanced_log_loss(labels: Labels, scores: Floats) -> float:
    """Return the log loss of log-odds at even odds, reals and fakes weighing the same."""
    losses = np.logaddexp(0, np.where(labels == 1, -scores, scores))
    return float((losses[labels == 1].mean() + losses[labels == 0].mean()) / 2)


def balanced_brier_loss(labels: Labels, scores: Floats) -> float:
    """Return the Brier loss at even odds, reals and fakes weighing the same."""
    errors = (probabilities(scores) - labels) ** 2
    return float((errors[labels == 1].mean() + errors[labels == 0].mean()) / 2)


def bootstrap(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    groups: npt.NDArray[np.str_],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic, resampling whole groups.

    Args:
        statistic: of the rows at the given indices.
        groups: group of each row, e.g. the identity.
        samples: bootstrap samples.
        seed: of the resampling.
    """
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(samples):
        picks = rng.integers(len(members), size=len(members))
        values.append(statistic(np.concatenate([members[pick] for pick in picks])))
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return float(low), float(high)
