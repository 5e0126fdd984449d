"""From the logits of frames to a score, an interval and a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import tiny_bands, tiny_calibration
from unmask.detect.aggregate import (
    calibrate,
    decide,
    posterior,
    thresholds,
    track_interval,
    track_score,
)
from unmask.detect.card import Bands, Calibration
from unmask.types import Thresholds

CALIBRATION = Calibration(**tiny_calibration(slope=0.5, intercept=-0.3))
BANDS = Bands(**tiny_bands(fake=2.0, real=-1.0))
LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=20)
PRIORS = st.floats(0.001, 0.999)


def test_a_score_is_the_calibrated_log_odds():
    assert calibrate(CALIBRATION, 4.0) == pytest.approx(1.7)
    assert posterior(0.0, 0.5) == 0.5
    assert posterior(math.log(9), 0.5) == pytest.approx(0.9)


@given(st.floats(-30, 30), PRIORS)
@settings(deadline=None)
def test_the_posterior_is_bayes_rule(score, prior):
    likelihood = math.exp(score)
    wanted = likelihood * prior / (likelihood * prior + 1 - prior)
    assert posterior(score, prior) == pytest.approx(wanted, rel=1e-9)


@given(st.floats(-1e300, 1e300), PRIORS)
@settings(deadline=None)
def test_the_posterior_is_a_probability_for_any_score(score, prior):
    assert 0 <= posterior(score, prior) <= 1


@given(st.floats(-20, 20), st.floats(-20, 20), PRIORS)
@settings(deadline=None)
def test_the_posterior_never_falls_as_the_score_rises(a, b, prior):
    low, high = sorted((a, b))
    assert posterior(low, prior) <= posterior(high, prior)


def test_a_track_s_score_is_that_of_the_mean_logit():
    assert track_score(CALIBRATION, [1.0, 2.0, 6.0]) == pytest.approx(0.5 * 3 - 0.3)


def test_frames_of_one_clip_never_count_as_independent():
    """Ten frames that agree say no more than one."""
    assert track_score(CALIBRATION, [2.0] * 10) == track_score(CALIBRATION, [2.0])


@given(LOGITS, PRIORS)
@settings(deadline=None)
def test_the_interval_holds_the_point_and_is_ordered(logits, prior):
    low, high = track_interval(CALIBRATION, logits, prior)
    point = posterior(track_score(CALIBRATION, logits), prior)
    assert 0 <= low <= point <= high <= 1


def width(logits: list[float], calibration: Calibration = CALIBRATION) -> float:
    low, high = track_interval(calibration, logits, 0.5)
    return high - low


def test_the_interval_widens_where_frames_disagree():
    widths = [width([-spread, spread] * 8) for spread in (0.0, 0.5, 2.0, 8.0)]
    assert widths == sorted(widths)
    assert widths[-1] > 3 * widths[0]


def test_the_interval_widens_where_the_calibration_is_unsure():
    widths = [
        width([1.0], Calibration(**tiny_calibration(spread=spread))) for spread in (0, 0.1, 1)
    ]
    assert widths[0] == 0
    assert widths[0] < widths[1] < widths[2]


def test_one_frame_has_the_interval_of_the_calibration():
    calibration = Calibration(**tiny_calibration(spread=1.0))
    low, high = track_interval(calibration, [0.4], 0.5)
    wanted = 0.4 + np.percentile(np.linspace(-1, 1, 21), (2.5, 97.5))
    assert (low, high) == pytest.approx([posterior(score, 0.5) for score in wanted])


def test_an_interval_is_the_same_each_time():
    logits = [0.1, 0.9, -2.0]
    assert track_interval(CALIBRATION, logits, 0.5) == track_interval(CALIBRATION, logits, 0.5)


@given(LOGITS, PRIORS, PRIORS)
@settings(deadline=None)
def test_a_prior_moves_interval_and_point_together(logits, a, b):
    low, high = sorted((a, b))
    lower, upper = (track_interval(CALIBRATION, logits, prior) for prior in (low, high))
    assert lower[0] <= upper[0]
    assert lower[1] <= upper[1]


@pytest.mark.parametrize(
    ("score", "verdict"),
    [(-5, "real"), (-1.01, "real"), (-1, "uncertain"), (2, "uncertain"), (2.01, "fake")],
)
def test_the_verdict_is_the_band_that_the_score_lies_in(score, verdict):
    assert decide(score, thresholds(BANDS, 0.01, 1)) == verdict


def test_the_same_score_convicts_one_person_and_not_one_of_two():
    assert decide(2.5, thresholds(BANDS, 0.01, 1)) == "fake"
    assert decide(2.5, thresholds(BANDS, 0.01, 2)) == "uncertain"


def test_nothing_is_called_fake_at_a_rate_that_no_pool_can_vouch_for():
    found = thresholds(BANDS, 0.0001, 1)
    assert found == Thresholds(max_false_alarm_rate=0.0001, faces=1, fake=None, real=-1.0)
    assert decide(99.0, found) == "uncertain"
    assert decide(-99.0, found) == "real"


def test_bands_that_overlap_leave_no_score_both_fake_and_real():
    found = thresholds(Bands(**tiny_bands(fake=-3.0, real=1.0)), 0.01, 1)
    assert (found.fake, found.real) == (-3.0, -3.0)
    assert decide(-2.9, found) == "fake"
    assert decide(-3.1, found) == "real"
