"""A report read again at other choices is the report that the predictor makes with them."""

from __future__ import annotations

import itertools

import pytest

from builders import make_report
from unmask.detect import Predictor, Settings
from unmask.detect.card import Bands, RealPool
from unmask.detect.rejudge import rejudge
from unmask.errors import SettingError

CHOICES = [(0.5, 0.01), (0.001, 0.2), (0.9, 0.001), (0.3, 0.5)]


def test_it_is_what_the_predictor_makes(samples):
    def judge(prior, rate):
        settings = Settings(threads=1, prior=prior, max_false_alarm_rate=rate)
        predictor = Predictor(None, settings)
        return predictor.detect(samples / "real" / "astronaut.jpg"), predictor.card.bands

    made = [(judge(*choice), choice) for choice in CHOICES]
    for ((report, bands), _), ((wanted, _), (prior, rate)) in itertools.product(made, made):
        assert report.score is not None
        found = rejudge(report, bands, prior, rate)
        assert found.verdict == wanted.verdict
        assert found.message == wanted.message
        assert found.thresholds == wanted.thresholds
        assert found.probability == wanted.probability
        assert found.interval == pytest.approx(wanted.interval, abs=1e-12)
        for face, other in zip(found.faces, wanted.faces, strict=True):
            assert face.interval == pytest.approx(other.interval, abs=1e-12)
            assert face.model_copy(update={"interval": other.interval}) == other


BANDS = Bands(pools=(RealPool(source="a", count=99, highest=(3.0, 2.5, 1.0)),), real_below=-1.5)


def test_the_budget_moves_the_verdict_and_the_prior_does_not():
    report = make_report()
    verdicts = {rejudge(report, BANDS, prior, 0.01).verdict for prior in (0.001, 0.5, 0.999)}
    assert len(verdicts) == 1
    assert rejudge(report, BANDS, 0.5, 0.001).thresholds.fake is None
    assert rejudge(report, BANDS, 0.5, 0.001).verdict == "uncertain"
    assert rejudge(report, BANDS, 0.5, 0.02).verdict == "fake"


def test_certain_ends_stay_and_an_abstention_is_left_alone():
    sure = make_report().model_copy(update={"interval": (0.0, 1.0)})
    assert rejudge(sure, BANDS, 1e-300, 0.01).interval == (0.0, 1.0)
    none = make_report(verdict=None)
    assert rejudge(none, BANDS, 0.1, 0.1) == none


@pytest.mark.parametrize("wrong", [0.0, 1.0, float("nan")])
def test_shares_lie_between_0_and_1(wrong):
    with pytest.raises(SettingError, match="prior"):
        rejudge(make_report(), BANDS, wrong, 0.01)
    with pytest.raises(SettingError, match="max_false_alarm_rate"):
        rejudge(make_report(), BANDS, 0.5, wrong)
