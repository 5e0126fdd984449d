"""Measures of scores, with intervals bootstrapped over whole groups.

All take ``labels`` int [N] (0 real, 1 fake) and ``scores`` float [N] (higher is more fake); what
was abstained on has the score -inf where a measure counts it as missed, and is left out where not.
Names ending in ``_score`` are better up, ``_loss`` better down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from unmask.errors import SettingError
from unmask.evaluation import weighted
from unmask.evaluation.weighted import Floats, Labels

Metric = Callable[[Labels, Floats], float]
EVEN = 0.5


def auc_score(labels: Labels, scores: Floats) -> float:
    """Return the area under the ROC curve; nan where one label is missing."""
    return float(weighted.roc_auc(_curve(labels, scores))[0])


def recall_at_specificity(specificity: float) -> Metric:
    """Return the metric: share of fakes above the score that ``specificity`` of reals stay below.

    Reals at the threshold count as below it, fakes at it as missed.
    """
    if not 0 < specificity < 1:
        raise SettingError(f"specificity must be between 0 and 1. Got {specificity}")

    def recall_score(labels: Labels, scores: Floats) -> float:
        return float(weighted.recall_at(_curve(labels, scores), specificity)[0])

    return recall_score


def calibration_loss(labels: Labels, scores: Floats) -> float:
    """Return the expected calibration error of log-odds at even odds; see `weighted`."""
    return float(weighted.calibration_loss(labels, scores, _ones(labels), EVEN)[0])


def balanced_log_loss(labels: Labels, scores: Floats) -> float:
    """Return the log loss of log-odds at even odds, reals and fakes weighing the same."""
    return float(weighted.log_loss(labels, scores, _ones(labels), EVEN)[0])


def balanced_brier_loss(labels: Labels, scores: Floats) -> float:
    """Return the Brier loss at even odds, reals and fakes weighing the same."""
    return float(weighted.brier_loss(labels, scores, _ones(labels), EVEN)[0])


def _curve(labels: Labels, scores: Floats) -> weighted.Curve:
    return weighted.curve(labels, scores, _ones(labels))


def _ones(labels: Labels) -> Floats:
    return np.ones((1, len(labels)))


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


def resample(
    groups: npt.NDArray[np.str_], *, samples: int = 1000, seed: int = 0, block: int = 1_000_000
) -> Iterator[Floats]:
    """Yield the weights of the rows [S, N] in bootstrap samples of whole groups, block by block.

    A row's weight is how often its group was drawn. For what `weighted` measures this gives the
    intervals of `bootstrap`, much faster.

    Args:
        groups: group of each row.
        samples: bootstrap samples.
        seed: of the resampling.
        block: most weights that are held at a time.
    """
    names, numbers = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    rows = max(1, block // max(1, len(groups)))
    for start in range(0, samples, rows):
        counts = np.array(
            [
                np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
                for _ in range(min(rows, samples - start))
            ],
            np.float64,
        )
        yield counts[:, numbers]
