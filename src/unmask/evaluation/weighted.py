"""Measures of scores under many weightings of the rows at once, as bootstraps need them.

All take ``labels`` int [N] (0 real, 1 fake), ``scores`` float [N] (higher is more fake, -inf where
the predictor abstained) and ``weights`` float [S, N], and return [S], nan where undefined. Weights
count: a row of weight 2 stands there twice. A ``prior`` is the share of fakes for which a measure
is stated; reals and fakes are weighed to it, whatever their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Called = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """Shares of reals and of fakes at or above each distinct score, falling.

    ``reals`` and ``fakes`` are [S, U + 1]; they begin with 0, above the highest score, and end
    with 1. Equal scores are one step.
    """

    reals: Floats
    fakes: Floats


def curve(labels: Labels, scores: Floats, weights: Floats) -> Curve:
    """Return how reals and fakes are gathered as the threshold falls."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    sorted_weights = weights[:, order]
    gathered = []
    for label in (0, 1):
        counts = np.cumsum(sorted_weights * (labels[order] == label), axis=1)[:, ends]
        shares = _divide(counts, counts[:, -1:])
        gathered.append(np.pad(shares, ((0, 0), (1, 0))))
    return Curve(*gathered)


def roc_auc(ranks: Curve) -> Floats:
    """Return the area under the ROC curve; ties count half."""
    steps = np.diff(ranks.reals, axis=1)
    return np.sum(steps * (ranks.fakes[:, 1:] + ranks.fakes[:, :-1]) / 2, axis=1)


def pr_auc(ranks: Curve, prior: float) -> Floats:
    """Return the average precision, which is the area under the precision-recall curve in steps."""
    hits, alarms = prior * ranks.fakes[:, 1:], (1 - prior) * ranks.reals[:, 1:]
    precision = _divide(hits, hits + alarms)
    # Where nothing is gathered yet (rows of weight 0), the recall does not step either.
    area = np.sum(np.nan_to_num(np.diff(ranks.fakes, axis=1) * precision), axis=1)
    return np.where(_lacks_label(ranks), np.nan, area)


def recall_at(ranks: Curve, specificity: float) -> Floats:
    """Return the share of fakes above the lowest score that ``specificity`` of reals stay at or
    below.
    """
    allowed = 1 - specificity + 1e-9
    last = np.maximum(np.sum(ranks.reals <= allowed, axis=1) - 1, 0)
    found = np.take_along_axis(ranks.fakes, last[:, None], axis=1)[:, 0]
    return np.where(_lacks_label(ranks), np.nan, found)


def _lacks_label(ranks: Curve) -> Called:
    return np.isnan(ranks.reals[:, -1] + ranks.fakes[:, -1])


def rates(labels: Labels, called: Called, weights: Floats) -> tuple[Floats, Floats]:
    """Return recall and specificity of calling the rows ``called`` [N] fake."""
    shares = [
        _divide(weights[:, labels == label] @ called[labels == label], weights @ (labels == label))
        for label in (1, 0)
    ]
    return shares[0], 1 - shares[1]


def precision(recall: Floats, specificity: Floats, prior: float) -> Floats:
    """Return the share of fakes among what is called fake; nan where nothing is."""
    hits, alarms = prior * recall, (1 - prior) * (1 - specificity)
    return _divide(hits, hits + alarms)


def f1(recall: Floats, specificity: Floats, prior: float) -> Floats:
    """Return the harmonic mean of precision and recall; 0 where nothing is called fake."""
    hits, alarms = prior * recall, (1 - prior) * (1 - specificity)
    return 2 * hits / (hits + alarms + prior)


def posteriors(scores: Floats, prior: float) -> Floats:
    """Return the probabilities of fake [N] at a prior, from log-odds at even odds."""
    odds = scores + np.log(prior / (1 - prior))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))


def log_loss(labels: Labels, scores: Floats, weights: Floats, prior: float) -> Floats:
    """Return the log loss of log-odds at even odds, moved to the prior."""
    odds = scores + np.log(prior / (1 - prior))
    return _mean(labels, np.logaddexp(0, np.where(labels == 1, -odds, odds)), weights, prior)


def brier_loss(labels: Labels, scores: Floats, weights: Floats, prior: float) -> Floats:
    """Return the Brier loss of log-odds at even odds, moved to the prior."""
    return _mean(labels, (posteriors(scores, prior) - labels) ** 2, weights, prior)


def calibration_loss(
    labels: Labels, scores: Floats, weights: Floats, prior: float, bins: int = 15
) -> Floats:
    """Return the expected calibration error over bins of equal numbers of rows.

    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015,
    with equal-mass bins. The bins are those of the rows, whatever their weights.
    """
    if not len(labels):
        return np.full(len(weights), np.nan)
    order = np.argsort(scores, kind="stable")
    shares = _to_prior(labels, weights, prior)[:, order]
    starts = [int(part[0]) for part in np.array_split(np.arange(len(order)), bins) if len(part)]
    gaps = shares * (labels - posteriors(scores, prior))[order]
    return np.asarray(np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1))


def _mean(labels: Labels, values: Floats, weights: Floats, prior: float) -> Floats:
    return _to_prior(labels, weights, prior) @ values


def _to_prior(labels: Labels, weights: Floats, prior: float) -> Floats:
    """Return the weights [S, N] scaled so that fakes sum to the prior and reals to the rest."""
    fakes = labels == 1
    scale_fakes = _divide(np.full(len(weights), prior), weights @ fakes)
    scale_reals = _divide(np.full(len(weights), 1 - prior), weights @ ~fakes)
    scaled = weights * np.where(fakes, scale_fakes[:, None], scale_reals[:, None])
    scaled[np.isnan(scale_fakes + scale_reals)] = np.nan
    return scaled


def _divide(above: Floats, below: Floats) -> Floats:
    """Return the quotient, nan where it is divided by 0."""
    return above / np.where(below == 0, np.nan, below)
