"""From the logits of frames to a verdict on a medium."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt

from unmask.detect.card import Bands, Calibration, Card, Rule
from unmask.types import Interval, Thresholds, VerdictName

RULES: tuple[Rule, ...] = get_args(Rule)
"""Every rule by which the scores of frames become one."""

TRIMMED = 0.2
"""Share of the frames that a trimmed mean leaves out at either end."""

SURE = math.log(0.8 / 0.2)
"""Score from which a confident mean takes a frame for fake, and its negative for real."""

DEVIATES = 1.96
"""Standard deviations on either side of a 95 % interval."""


def calibrate(calibration: Calibration, logit: float) -> float:
    """Return the score of a logit: the log-odds of fake at even odds."""
    return calibration.slope * logit + calibration.intercept


def posterior(score: float, prior: float) -> float:
    """Return the probability of fake at a prior share of fakes, from the score at even odds."""
    odds = score + math.log(prior / (1 - prior))
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))


def combine(rule: Rule, scores: Sequence[float], weights: Sequence[float]) -> float:
    """Return the score of a track from those of its frames.

    No rule sums evidence: frames of one clip share their person, camera and forgery, and never
    count as independent.

    - ``mean``;
    - ``weighted mean``: frames count by their weights;
    - ``trimmed mean``: of what is left without the highest and the lowest `TRIMMED` of the frames;
    - ``top half mean``: of the higher half, for forgeries that show in part of a clip;
    - ``confident mean``: of the frames surely fake where they are at least two in five, of those
      surely real where they are nine in ten, else of all (as the winner of the DFDC did it).

    Args:
        rule: one of `RULES`.
        scores: of the frames, at least one.
        weights: of the frames, above 0; only a weighted mean heeds them.
    """
    values = np.sort(np.asarray(scores, np.float64))
    count = len(values)
    if rule == "weighted mean":
        return float(np.average(np.asarray(scores, np.float64), weights=weights))
    if rule == "trimmed mean":
        off = int(TRIMMED * count)
        values = values[off : count - off]
    elif rule == "top half mean":
        values = values[count // 2 :]
    elif rule == "confident mean":
        fake, real = values > SURE, values < -SURE
        if fake.sum() >= 0.4 * count:
            values = values[fake]
        elif real.sum() >= 0.9 * count:
            values = values[real]
    return float(values.mean())


def track_score(card: Card, logits: Sequence[float], weights: Sequence[float]) -> float:
    """Return the score of a track, by the card's rule.

    Args:
        card: of the bundle that gave the logits.
        logits: of the frames.
        weights: how much each frame's face can tell, see `Quality.weigh`.
    """
    scores = [calibrate(card.calibration, logit) for logit in logits]
    return combine(card.aggregation, scores, weights)


def track_interval(
    card: Card, logits: Sequence[float], weights: Sequence[float], prior: float
) -> Interval:
    """Return the 95 % interval of the probability of a track.

    It holds two kinds of doubt: what a calibration fitted on other people would have said (the
    spread of the card's replicates at the mean logit), and what other frames of the track would
    have said. The latter is the frames' standard deviation, at least the one that is usual within
    a clip (``frame_spread``), over the root of the weights' sum: few frames, poor faces, and
    frames that disagree each widen it.
    """
    values = np.asarray(logits, np.float64)
    slopes, intercepts = np.array(card.calibration.replicates).T
    middle = values.mean()
    of_fit = (slopes * middle + intercepts).std()
    spread = max(card.calibration.frame_spread, float(values.std()))
    of_frames = card.calibration.slope * spread / math.sqrt(sum(weights))
    doubt = DEVIATES * math.hypot(of_fit, of_frames)
    point = track_score(card, logits, weights)
    return posterior(point - doubt, prior), posterior(point + doubt, prior)


def usual_spread(tracks: Sequence[npt.NDArray[np.float64]]) -> float:
    """Return the standard deviation of frames' logits [N] within a track, over tracks alike.

    Tracks of one frame say nothing about it; 0 where there are no others.
    """
    known = [float(np.var(each, ddof=1)) for each in tracks if len(each) > 1]
    return math.sqrt(float(np.mean(known))) if known else 0.0


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
