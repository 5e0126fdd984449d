"""From the logits of frames to a verdict on a medium."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unmask.detect.card import Bands, Calibration
from unmask.types import Interval, Thresholds, VerdictName


def calibrate(calibration: Calibration, logit: float) -> float:
    """Return the score of a logit: the log-odds of fake at even odds."""
    return calibration.slope * logit + calibration.intercept


def posterior(score: float, prior: float) -> float:
    """Return the probability of fake at a prior share of fakes, from the score at even odds."""
    odds = score + math.log(prior / (1 - prior))
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))


def track_score(calibration: Calibration, logits: Sequence[float]) -> float:
    """Return the score of a track: that of the mean of its frames' logits.

    The rule was fixed beforehand. A mean, and not a sum of evidence: frames of one clip share
    their person, camera and forgery, and are never counted as independent.
    """
    return calibrate(calibration, float(np.mean(logits)))


def track_interval(calibration: Calibration, logits: Sequence[float], prior: float) -> Interval:
    """Return the 95 % interval of the probability of a track.

    Each replicate takes a calibration refitted on resampled identities and the mean of resampled
    frames, so it widens where the calibration or the frames disagree.
    """
    values = np.asarray(logits, np.float64)
    rng = np.random.default_rng(0)
    slopes, intercepts = np.array(calibration.replicates).T
    picks = rng.integers(len(values), size=(len(slopes), len(values)))
    scores = slopes * values[picks].mean(axis=1) + intercepts
    point = posterior(track_score(calibration, logits), prior)
    low, high = (posterior(float(s), prior) for s in np.percentile(scores, (2.5, 97.5)))
    return min(low, point), max(high, point)


def thresholds(bands: Bands, rate: float, faces: int) -> Thresholds:
    """Return the bands in force for a medium with ``faces`` scored people."""
    fake = bands.fake_above(rate, faces)
    real = bands.real_below if fake is None else min(bands.real_below, fake)
    return Thresholds(max_false_alarm_rate=rate, faces=faces, fake=fake, real=real)


def decide(score: float, bands: Thresholds) -> VerdictName:
    """Return the verdict for the highest score of a medium's people."""
    if bands.fake is not None and score > bands.fake:
        return "fake"
    return "real" if score < bands.real else "uncertain"
