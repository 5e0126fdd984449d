"""Bands: what a stated rate of false alarms means, and when nothing can vouch for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bundles import tiny_calibration, tiny_card
from unmask.detect import Card
from unmask.detect.card import Bands, Calibration, RealPool

RATES = st.floats(1e-4, 0.5)
SCORES = st.lists(st.floats(-20, 20), min_size=1, max_size=400)


def pool(scores: list[float], keep: int | None = None, source: str = "tests") -> RealPool:
    falling = sorted(scores, reverse=True)
    return RealPool(source=source, count=len(scores), highest=tuple(falling[:keep]))


@given(SCORES, RATES)
@settings(deadline=None)
def test_at_most_the_stated_share_of_the_pool_lies_above_its_threshold(scores, rate):
    threshold = pool(scores).threshold(rate)
    allowed = math.floor(rate * (len(scores) + 1) + 1e-9)
    if threshold is None:
        assert allowed == 0
    else:
        assert sum(score > threshold for score in scores) <= allowed


@given(SCORES, RATES, RATES)
@settings(deadline=None)
def test_a_stricter_rate_never_lowers_the_threshold(scores, a, b):
    strict, loose = (pool(scores).threshold(rate) for rate in sorted((a, b)))
    assert loose is not None or strict is None
    if strict is not None and loose is not None:
        assert strict >= loose


@given(SCORES, RATES, st.integers(1, 50))
@settings(deadline=None)
def test_keeping_only_the_highest_scores_never_lowers_the_threshold(scores, rate, keep):
    kept, full = pool(scores, keep).threshold(rate), pool(scores).threshold(rate)
    if full is None:
        assert kept is None
    else:
        assert kept is not None
        assert kept >= full


def test_new_reals_exceed_the_threshold_as_rarely_as_stated():
    """Over many pools, the share of new reals above the threshold is at most the rate."""
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(400):
        scores = rng.normal(size=199)
        threshold = pool(scores.tolist()).threshold(0.05)
        rates.append(float(np.mean(rng.normal(size=200) > threshold)))
    assert np.mean(rates) == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize(
    ("count", "rate", "place"),
    [(99, 0.01, 0), (98, 0.01, None), (199, 0.01, 1), (999, 0.01, 9), (999, 0.001, 0)],
)
def test_the_threshold_is_the_conformal_quantile(count, rate, place):
    scores = [float(i) for i in range(count)]
    wanted = None if place is None else float(count - 1 - place)
    assert pool(scores).threshold(rate) == wanted


@pytest.mark.parametrize(
    "values",
    [
        {"count": 3, "highest": [1.0, 2.0]},
        {"count": 1, "highest": [2.0, 1.0]},
        {"count": 0, "highest": []},
        {"count": 3, "highest": [float("nan")]},
    ],
)
def test_a_pool_that_contradicts_itself_is_refused(values):
    with pytest.raises(ValidationError):
        RealPool(source="tests", **values)


def bands(*pools: RealPool) -> Bands:
    return Bands(pools=pools, real_below=-1.0)


def test_more_people_raise_the_threshold_by_the_correction_of_sidak():
    scores = [float(i) for i in range(9999)]
    one = bands(pool(scores))
    for faces in (1, 2, 5, 20):
        share = 1 - 0.99 ** (1 / faces)
        assert one.fake_above(0.01, faces) == pool(scores).threshold(share)
    found = [one.fake_above(0.01, faces) for faces in (1, 2, 5, 20)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_the_correction_keeps_the_rate_per_medium():
    """The highest score of k real people exceeds the threshold in at most 5 % of media."""
    rng = np.random.default_rng(1)
    reference = bands(pool(rng.normal(size=20_000).tolist()))
    for faces in (1, 3, 8):
        highest = rng.normal(size=(20_000, faces)).max(axis=1)
        alarms = float(np.mean(highest > reference.fake_above(0.05, faces)))
        assert alarms == pytest.approx(0.05, abs=0.01)


def test_where_no_pool_is_large_enough_there_is_no_threshold():
    small = bands(pool([0.0] * 50), pool([1.0] * 60))
    assert small.fake_above(0.01) is None
    assert small.fake_above(0.05) == 1.0
    enough = bands(pool([float(i) for i in range(99)]))
    assert enough.fake_above(0.01) == 98.0
    assert enough.fake_above(0.01, faces=2) is None


def test_the_strictest_pool_decides():
    easy, hard = pool([0.0] * 999), pool([3.0] * 999)
    assert bands(easy, hard).fake_above(0.01) == 3.0
    assert bands(hard, easy).fake_above(0.01) == 3.0


def test_a_small_pool_counts_with_its_highest_score_where_another_vouches():
    large, small = pool([0.0] * 999), pool([5.0, 1.0])
    assert bands(large, small).fake_above(0.01) == 5.0
    assert bands(large, pool([-5.0])).fake_above(0.01) == 0.0


def test_a_card_needs_no_more_than_what_a_verdict_is_made_of():
    card = Card(**tiny_card())
    assert card.input == "frame"
    assert card.aggregation == "mean"
    assert card.normalisation.mean == (0.5, 0.5, 0.5)
    assert Card.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize(
    "change",
    [
        {"slope": 0.0},
        {"slope": -1.0},
        {"intercept": float("inf")},
        {"replicates": [[1.0, 0.0]] * 19},
        {"replicates": [[1.0, float("nan")]] * 20},
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(change):
    with pytest.raises(ValidationError):
        Calibration(**tiny_calibration() | change)
