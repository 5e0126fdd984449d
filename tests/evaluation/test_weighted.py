"""Measures under weights: their definitions, what they must not notice, what they must."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unmask.evaluation import weighted
from unmask.evaluation.metrics import auc_score, bootstrap, resample

PRIORS = (0.02, 0.5, 0.877)


def ranked(measure):
    return lambda labels, scores, weights: measure(weighted.curve(labels, scores, weights))


def called(measure, prior):
    return lambda labels, scores, weights: measure(
        *weighted.rates(labels, scores > 0, weights), prior
    )


RANKING = {
    "roc auc": ranked(weighted.roc_auc),
    **{f"recall at {s}": ranked(lambda c, s=s: weighted.recall_at(c, s)) for s in (0.5, 0.83)},
    **{f"pr auc at {p}": ranked(lambda c, p=p: weighted.pr_auc(c, p)) for p in PRIORS},
}
METRICS = {
    **RANKING,
    "recall": lambda labels, scores, weights: weighted.rates(labels, scores > 0, weights)[0],
    "specificity": lambda labels, scores, weights: weighted.rates(labels, scores > 0, weights)[1],
    "precision": called(weighted.precision, 0.3),
    "f1": called(weighted.f1, 0.3),
    **{
        f"{name} at {prior}": lambda labels, scores, weights, m=measure, p=prior: m(
            labels, scores, weights, p
        )
        for name, measure in (("log loss", weighted.log_loss), ("brier", weighted.brier_loss))
        for prior in PRIORS
    },
}
"""All but the calibration error, whose bins depend on the rows themselves."""


def once(labels):
    return np.ones((1, len(labels)))


@st.composite
def scored(draw):
    """Labels and scores with ties; both labels are there."""
    labels = draw(arrays(np.int64, st.integers(4, 30), elements=st.integers(0, 1)))
    assume(0 < labels.sum() < len(labels))
    steps = draw(arrays(np.int64, len(labels), elements=st.integers(-20, 20)))
    return labels, steps / 8


@settings(max_examples=30)
@given(scored(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_rows_does_not_matter(name, data, random):
    labels, scores = data
    order = random.sample(range(len(labels)), len(labels))
    before = METRICS[name](labels, scores, once(labels))
    after = METRICS[name](labels[order], scores[order], once(labels))
    np.testing.assert_allclose(before, after, atol=1e-9)


@settings(max_examples=30)
@given(scored(), st.data())
@pytest.mark.parametrize("name", METRICS)
def test_a_weight_is_a_number_of_rows(name, data, more):
    labels, scores = data
    counts = more.draw(arrays(np.int64, (3, len(labels)), elements=st.integers(0, 3)))
    found = METRICS[name](labels, scores, counts.astype(float))
    for value, count in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(len(labels)), count)
        if 0 < labels[rows].sum() < len(rows):
            repeated = METRICS[name](labels[rows], scores[rows], once(rows))[0]
            np.testing.assert_allclose(value, repeated, atol=1e-9)
        elif name not in ("recall", "specificity"):
            assert np.isnan(value)


@settings(max_examples=30)
@given(scored())
@pytest.mark.parametrize("name", RANKING)
def test_ranking_measures_see_ranks_alone(name, data):
    labels, scores = data
    for moved in (scores**3 + 5 * scores, np.exp(scores)):
        before, after = (RANKING[name](labels, each, once(labels)) for each in (scores, moved))
        np.testing.assert_allclose(before, after)


@settings(max_examples=30)
@given(scored(), st.integers(1, 4), st.integers(1, 4))
@pytest.mark.parametrize("name", METRICS)
def test_a_prior_is_what_resampling_to_it_gives(name, data, fakes, reals):
    """A measure at a prior is the same whatever the share of fakes among the rows."""
    labels, scores = data
    rows = np.repeat(np.arange(len(labels)), np.where(labels == 1, fakes, reals))
    before = METRICS[name](labels, scores, once(labels))
    after = METRICS[name](labels[rows], scores[rows], once(rows))
    np.testing.assert_allclose(before, after, atol=1e-9)


@settings(max_examples=60)
@given(scored())
def test_agrees_with_scikit_learn(data):
    labels, scores = data
    base, ones = labels.mean(), once(labels)
    curve = weighted.curve(labels, scores, ones)
    chances = weighted.posteriors(scores, base)
    calls = scores > 0
    recall, specificity = weighted.rates(labels, calls, ones)
    pairs = {
        "roc auc": (weighted.roc_auc(curve), reference.roc_auc_score(labels, scores)),
        "pr auc": (
            weighted.pr_auc(curve, base), reference.average_precision_score(labels, scores),
        ),
        "log loss": (
            weighted.log_loss(labels, scores, ones, base), reference.log_loss(labels, chances),
        ),
        "brier": (
            weighted.brier_loss(labels, scores, ones, base),
            reference.brier_score_loss(labels, chances),
        ),
        "recall": (recall, reference.recall_score(labels, calls)),
        "specificity": (specificity, reference.recall_score(1 - labels, ~calls)),
        "f1": (
            weighted.f1(recall, specificity, base),
            reference.f1_score(labels, calls, zero_division=0),
        ),
    }  # fmt: skip
    if calls.any():
        precision = weighted.precision(recall, specificity, base)
        pairs["precision"] = (precision, reference.precision_score(labels, calls))
    for name, (ours, theirs) in pairs.items():
        assert ours[0] == pytest.approx(theirs, abs=1e-9), name


def test_perfect_scores_and_scores_that_say_nothing():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 20_000)
    perfect, tied, random = 20.0 * (2 * labels - 1), np.zeros(len(labels)), rng.normal(size=20_000)
    ones = once(labels)
    for name, scores, area, recall in (
        ("perfect", perfect, 1.0, 1.0), ("tied", tied, 0.5, 0.0), ("random", random, 0.5, 0.17),
    ):  # fmt: skip
        curve = weighted.curve(labels, scores, ones)
        assert weighted.roc_auc(curve)[0] == pytest.approx(area, abs=0.02), name
        assert weighted.recall_at(curve, 0.83)[0] == pytest.approx(recall, abs=0.02), name
        for prior in PRIORS:
            at_best = 1.0 if name == "perfect" else prior
            assert weighted.pr_auc(curve, prior)[0] == pytest.approx(at_best, abs=0.02), name
    for loss in (weighted.log_loss, weighted.brier_loss, weighted.calibration_loss):
        assert loss(labels, perfect, ones, 0.5)[0] == pytest.approx(0, abs=1e-6)
    assert weighted.log_loss(labels, tied, ones, 0.5)[0] == pytest.approx(np.log(2))
    assert weighted.calibration_loss(labels, tied, ones, 0.1)[0] == pytest.approx(0, abs=0.03)


def test_abstentions_are_missed_and_never_above_a_threshold():
    labels = np.array([0] * 8 + [1] * 4)
    scores = np.array([*range(6), -np.inf, -np.inf, 9.0, 3.5, -np.inf, -np.inf])
    curve = weighted.curve(labels, scores, once(labels))
    assert weighted.recall_at(curve, 0.8)[0] == 0.25
    assert weighted.recall_at(curve, 0.5)[0] == 0.5
    assert weighted.recall_at(curve, 0.01)[0] == 0.5
    assert weighted.rates(labels, scores > 0, once(labels))[0][0] == 0.5


def test_a_missing_label_is_undefined_and_warns_of_nothing():
    for label in (0, 1):
        labels, scores = np.full(5, label), np.arange(5.0)
        for name, metric in METRICS.items():
            if name not in ("recall", "specificity"):
                assert np.isnan(metric(labels, scores, once(labels))).all(), name
        assert np.isnan(weighted.calibration_loss(labels, scores, once(labels), 0.5)).all()


def test_resampling_draws_whole_groups():
    groups = np.array(["a", "b", "b", "c", "c", "c"])
    weights = np.concatenate(list(resample(groups, samples=100, block=60)))
    assert weights.shape == (100, 6)
    for group in "abc":
        members = weights[:, groups == group]
        assert (members == members[:, :1]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(weights[:, 0])) > 2


def test_resampled_weights_give_the_intervals_of_the_plain_bootstrap():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 300)
    scores = labels + rng.normal(size=300)
    groups = np.repeat([f"g{n}" for n in range(30)], 10)
    plain = bootstrap(lambda rows: auc_score(labels[rows], scores[rows]), groups, samples=200)
    values = np.concatenate(
        [
            weighted.roc_auc(weighted.curve(labels, scores, weights))
            for weights in resample(groups, samples=200, block=7000)
        ]
    )
    np.testing.assert_allclose(np.percentile(values, (2.5, 97.5)), plain)
