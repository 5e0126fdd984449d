"""From the logits of frames to a score, an interval and a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import tiny_bands, tiny_calibration, tiny_card
from unmask.detect.aggregate import (
    RULES,
    calibrate,
    combine,
    decide,
    posterior,
    thresholds,
    track_interval,
    track_score,
    usual_spread,
)
from unmask.detect.card import Bands, Calibration, Card
from unmask.types import Thresholds

CALIBRATION = Calibration(**tiny_calibration(slope=0.5, intercept=-0.3))
CARD = Card(**tiny_card(calibration=tiny_calibration(slope=0.5, intercept=-0.3)))
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


def card(rule="mean", *, spread=0.0, calibrations=0.1):
    calibration = {**tiny_calibration(spread=calibrations), "frame_spread": spread}
    return Card(**tiny_card(calibration=calibration, aggregation=rule))


def full(logits):
    return [1.0] * len(logits)


def test_a_track_s_score_is_that_of_the_mean_logit():
    assert track_score(CARD, [1.0, 2.0, 6.0], [1, 1, 1]) == pytest.approx(0.5 * 3 - 0.3)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("mean", 2.0),
        ("weighted mean", (0.05 * 9 + 0.55) / 3.6),
        ("trimmed mean", 1 / 3),
        ("top half mean", 10 / 3),
        ("confident mean", 2.0),
    ],
)
def test_each_rule_is_what_it_says(rule, wanted):
    found = combine(rule, [9.0, 0.0, 0.0, 1.0, 0.0], [0.05, 1, 1, 0.55, 1])
    assert found == pytest.approx(wanted)


def test_a_confident_mean_heeds_the_sure_frames():
    assert combine("confident mean", [5.0, 5.0, -1.0, 0.0, 0.5], [1] * 5) == 5
    assert combine("confident mean", [-4.0] * 9 + [6.0], [1] * 10) == -4
    assert combine("confident mean", [-4.0] * 8 + [6.0] * 2, [1] * 10) == -2


@pytest.mark.parametrize("rule", RULES)
@given(logits=LOGITS)
@settings(deadline=None)
def test_every_rule_lies_among_its_frames_whatever_their_order(rule, logits):
    weights = [1.0 / (n + 1) for n in range(len(logits))]
    found = combine(rule, logits, weights)
    assert min(logits) - 1e-9 <= found <= max(logits) + 1e-9
    assert combine(rule, logits[::-1], weights[::-1]) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_frames_of_one_clip_never_count_as_independent(rule):
    """Ten frames that agree score no higher than one."""
    once = track_score(card(rule), [2.0], [1])
    assert track_score(card(rule), [2.0] * 10, [1] * 10) == once


@pytest.mark.parametrize("rule", RULES)
@given(logits=LOGITS, prior=PRIORS)
@settings(deadline=None)
def test_the_interval_holds_the_point_and_is_ordered(rule, logits, prior):
    low, high = track_interval(card(rule), logits, full(logits), prior)
    point = posterior(track_score(card(rule), logits, full(logits)), prior)
    assert 0 <= low <= point <= high <= 1


def width(logits, weights=None, **choices):
    """Width of the interval in score, where it is not squeezed by 0 and 1."""
    low, high = track_interval(card(**choices), logits, weights or full(logits), 0.5)
    return math.log(high / (1 - high)) - math.log(low / (1 - low))


MILD = st.lists(st.floats(-3, 3), min_size=1, max_size=8)
SPREADS = st.floats(0.2, 2)


@given(MILD, SPREADS, st.integers(2, 5))
@settings(deadline=None)
def test_the_interval_widens_with_fewer_frames(logits, spread, times):
    assert width(logits, spread=spread) > width(logits * times, spread=spread)


@given(MILD, SPREADS, st.floats(0.1, 0.9))
@settings(deadline=None)
def test_the_interval_widens_with_poorer_faces(logits, spread, weight):
    """Whether all are poorer, or one of them is."""
    good = width(logits, spread=spread)
    assert width(logits, [weight] * len(logits), spread=spread) > good
    assert width(logits, [weight, *full(logits[1:])], spread=spread) > good


@given(MILD, SPREADS, st.floats(1.1, 3))
@settings(deadline=None)
def test_the_interval_never_narrows_where_frames_disagree_more(logits, spread, factor):
    middle = sum(logits) / len(logits)
    apart = [middle + factor * (logit - middle) for logit in logits]
    assert width(apart, spread=spread) >= width(logits, spread=spread) - 1e-9


def test_the_interval_widens_where_frames_disagree():
    widths = [width([-spread, spread] * 8) for spread in (0.0, 0.5, 2.0, 8.0)]
    assert widths == sorted(widths)
    assert widths[-1] > 3 * widths[0]


def test_the_interval_widens_where_the_calibration_is_unsure():
    widths = [width([1.0], calibrations=spread) for spread in (0, 0.1, 1)]
    assert widths[0] == pytest.approx(0, abs=1e-12)
    assert widths[0] < widths[1] < widths[2]


def test_one_frame_is_as_unsure_as_frames_of_a_clip_usually_are():
    low, high = track_interval(card(spread=0.7, calibrations=0), [0.4], [1], 0.5)
    assert (low, high) == pytest.approx(
        [posterior(0.4 + sign * 1.96 * 0.7, 0.5) for sign in (-1, 1)]
    )


@given(LOGITS, PRIORS, PRIORS)
@settings(deadline=None)
def test_a_prior_moves_interval_and_point_together(logits, a, b):
    low, high = sorted((a, b))
    lower, upper = (track_interval(CARD, logits, full(logits), prior) for prior in (low, high))
    assert lower[0] <= upper[0]
    assert lower[1] <= upper[1]


def test_the_usual_spread_is_that_within_tracks_and_not_between_them():
    rng = np.random.default_rng(0)
    tracks = [level + rng.normal(0, 0.5, 200) for level in (-5, 0, 5)]
    assert usual_spread(tracks) == pytest.approx(0.5, rel=0.1)
    assert usual_spread([np.array([3.0])]) == 0


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
