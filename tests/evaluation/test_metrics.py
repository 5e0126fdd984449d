"""Metrics agree with their definitions and move as they must."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unmask.errors import SettingError
from unmask.evaluation.metrics import (
    auc_score,
    balanced_brier_loss,
    balanced_log_loss,
    bootstrap,
    calibration_loss,
    recall_at_specificity,
)

METRICS = {
    "auc": auc_score,
    "recall at specificity .83": recall_at_specificity(0.83),
    "calibration error": calibration_loss,
    "log loss": balanced_log_loss,
    "brier": balanced_brier_loss,
}
RANKING = ("auc", "recall at specificity .83")


@st.composite
def scored(draw):
    labels = draw(arrays(np.int64, st.integers(8, 60), elements=st.integers(0, 1)))
    assume(2 <= labels.sum() <= len(labels) - 2)
    # A grid: transforms must not merge scores that were apart.
    steps = draw(arrays(np.int64, len(labels), elements=st.integers(-40, 40)))
    return labels, steps / 8


@settings(max_examples=60, deadline=None)
@given(scored())
@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_shares_and_ignore_the_order_of_rows(name, data):
    labels, scores = data
    value = METRICS[name](labels, scores)
    assert value >= 0
    assert name == "log loss" or value <= 1 + 1e-9
    back = METRICS[name](labels[::-1], scores[::-1])
    if name != "calibration error":  # equal scores may fall into other bins
        assert back == pytest.approx(value)


@settings(max_examples=60, deadline=None)
@given(scored())
@pytest.mark.parametrize("name", RANKING)
def test_ranking_metrics_see_ranks_alone(name, data):
    labels, scores = data
    assert METRICS[name](labels, scores**3 + 5 * scores) == pytest.approx(
        METRICS[name](labels, scores)
    )


@settings(max_examples=60, deadline=None)
@given(scored(), st.integers(1, 5))
def test_repeating_the_reals_changes_no_balanced_metric(data, times):
    labels, scores = data
    reals = labels == 0
    more_labels = np.concatenate([labels, *[labels[reals]] * times])
    more_scores = np.concatenate([scores, *[scores[reals]] * times])
    for metric in (auc_score, balanced_log_loss, balanced_brier_loss):
        assert metric(more_labels, more_scores) == pytest.approx(metric(labels, scores))


def test_recall_counts_what_was_abstained_on_as_missed():
    labels = np.array([0] * 10 + [1] * 4)
    scores = np.array([*range(10), 20.0, 8.5, -np.inf, -np.inf])
    assert recall_at_specificity(0.9)(labels, scores) == 0.5
    assert recall_at_specificity(0.99)(labels, scores) == 0.25
    with pytest.raises(SettingError):
        recall_at_specificity(1.0)


def test_calibrated_scores_have_a_small_error_and_shifted_ones_a_large_one():
    rng = np.random.default_rng(0)
    chances = rng.uniform(0.02, 0.98, 40_000)
    labels = (rng.random(len(chances)) < chances).astype(np.int64)
    scores = np.log(chances / (1 - chances))
    assert calibration_loss(labels, scores) < 0.02
    assert calibration_loss(labels, scores + 2) > 0.1
    assert calibration_loss(labels, scores * 4) > 0.05


def test_the_bootstrap_takes_whole_groups():
    groups = np.repeat(["a", "b", "c", "d"], 25)
    values = np.repeat([0.0, 0.0, 1.0, 1.0], 25)
    low, high = bootstrap(lambda rows: values[rows].mean(), groups)
    assert (low, high) == (0.0, 1.0)
    single = np.arange(100).astype(str)
    low, high = bootstrap(lambda rows: values[rows].mean(), single)
    assert 0.35 < low < 0.45
    assert 0.55 < high < 0.65
