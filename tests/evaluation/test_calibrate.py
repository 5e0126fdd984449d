"""Calibration and bands: fitted on what they say, measured on other people."""

import numpy as np
import pytest

from bundles import tiny_calibration
from evaluation.score_tables import make_scores
from unmask.detect.aggregate import thresholds
from unmask.detect.card import Calibration
from unmask.errors import DataError
from unmask.evaluation.calibrate import (
    FOLDS,
    Scores,
    cross_fit,
    deal_folds,
    fit_bands,
    fit_calibration,
    fit_spread,
    measure,
)


def sample(seed=0, *, people=40, each=30, spread=1.5, abstained=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, people * each)
    logits = 3 * (labels - 0.5) + rng.normal(0, spread, len(labels))
    logits[:abstained] = -np.inf
    names = np.repeat([f"p{n:03d}" for n in range(people)], each)
    return Scores("set", labels, logits, names)


def reals(seed=9, count=300):
    rng = np.random.default_rng(seed)
    names = np.array([f"q{n:03d}" for n in range(count)])
    return Scores("other", np.zeros(count, np.int64), rng.normal(-1.5, 1.5, count), names)


def test_calibration_finds_the_true_odds():
    calibration = fit_calibration(sample(people=400))
    # Two normals of one spread: log-odds are linear with slope 3 / spread ** 2.
    assert calibration.slope == pytest.approx(3 / 1.5**2, rel=0.08)
    assert calibration.intercept == pytest.approx(0, abs=0.1)
    slopes = [slope for slope, _ in calibration.replicates]
    assert min(slopes) < calibration.slope < max(slopes)
    assert "video level not validated" in calibration.statement


def test_the_spread_of_a_clip_s_frames_is_in_logits():
    table = make_scores(people=30, frames=20)  # whose scores spread by 1 around that of the clip
    assert fit_spread(table, Calibration(**tiny_calibration())) == pytest.approx(1, rel=0.05)
    steep = Calibration(**tiny_calibration(slope=2.0))
    assert fit_spread(table, steep) == pytest.approx(0.5, rel=0.05)
    assert fit_calibration(sample(), replicates=20, frame_spread=0.7).frame_spread == 0.7


def test_stills_have_no_spread():
    with pytest.raises(DataError, match="two scored frames"):
        fit_spread(make_scores(), Calibration(**tiny_calibration()))


def test_external_media_fit_nothing():
    table = make_scores(frames=5, split="external")
    for fit in (Scores.of, lambda each: fit_spread(each, Calibration(**tiny_calibration()))):
        with pytest.raises(DataError, match="'external' is only reported on"):
            fit(table)


@pytest.mark.parametrize("factor", [0, -1])
def test_what_tells_nothing_apart_is_not_calibrated(factor):
    scores = sample(people=10)
    useless = Scores("set", scores.labels, factor * scores.logits, scores.people)
    with pytest.raises(DataError, match="fakes no higher than reals"):
        fit_calibration(useless)


def test_bands_keep_their_promises_on_new_people():
    scores, pool = sample(1), reals()
    calibration = fit_calibration(scores, replicates=20)
    bands = thresholds(fit_bands(scores, (scores, pool), calibration), 0.05, 1)
    fresh = sample(2, people=400)
    calibrated = calibration.slope * fresh.logits + calibration.intercept
    assert (calibrated[fresh.labels == 0] > bands.fake).mean() < 0.07
    assert (calibrated[fresh.labels == 1] < bands.real).mean() < 0.07
    assert bands.fake >= bands.real


def test_too_few_fakes_make_no_bands():
    scores = sample(people=2, each=4)
    with pytest.raises(DataError, match="at least 20 fakes"):
        fit_bands(scores, (scores,), fit_calibration(sample(), replicates=20))


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(DataError, match="other: a calibration needs scored reals and fakes"):
        fit_calibration(reals())
    with pytest.raises(DataError, match=r"5 folds need at least as many people\. Got 4"):
        deal_folds(sample(people=4).people)


def test_folds_keep_people_whole_and_are_of_like_size():
    folds = deal_folds(sample(people=43).people)
    people = sample(people=43).people
    assert all(len(set(folds[people == name])) == 1 for name in set(people))
    sizes = [len(set(people[folds == fold])) for fold in range(FOLDS)]
    assert max(sizes) - min(sizes) <= 1


def test_a_person_is_judged_by_a_fit_on_others():
    scores = sample()
    calibrated, verdicts = cross_fit(scores, (), 0.01)
    folds = deal_folds(scores.people)
    held = folds == 0
    changed = Scores(scores.dataset, np.where(held, 1 - scores.labels, scores.labels),
                     scores.logits, scores.people)  # fmt: skip
    again, _ = cross_fit(changed, (), 0.01)
    np.testing.assert_array_equal(calibrated[held], again[held])
    assert not np.array_equal(calibrated[~held], again[~held])
    assert set(verdicts[0]) <= {"fake", "real", "uncertain"}


def test_abstentions_are_counted_and_never_scored():
    scores = sample(abstained=12)
    found = {(m.name, m.data): m for m in measure(scores, (reals(),))}
    labels = scores.labels[:12]
    missed = found["coverage of fakes", "set"]
    assert missed.value == pytest.approx(1 - labels.sum() / scores.labels.sum())
    assert found["AUC", "set"].count == len(scores.labels) - 12
    assert found["recall at specificity 0.83", "set"].count == len(scores.labels)
    calibrated, verdicts = cross_fit(scores, (), 0.01)
    assert not np.isfinite(calibrated[:12]).any()
    assert set(verdicts[0][:12]) == {""}


def test_figures_carry_intervals_and_name_their_data():
    for figure in measure(sample(), (reals(),)):
        assert figure.interval[0] <= figure.value <= figure.interval[1]
        assert figure.data in {"set", "other"}
        assert figure.unit == "frame"
