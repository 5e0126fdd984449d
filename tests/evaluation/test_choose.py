"""The rule that makes one score of a clip's frames: the plain mean unless another clearly wins."""

import numpy as np
import polars as pl
import pytest

from bundles import tiny_calibration
from unmask.detect.card import Calibration
from unmask.errors import DataError
from unmask.evaluation.choose import (
    FACES,
    Clips,
    choose,
    compare_levels,
    compare_rules,
    frame_spread,
)

CALIBRATION = Calibration(**tiny_calibration())
CONDITIONS = ("untouched", "degraded")


def faces(*, people=6, poor=0.0, split="val", gap=1.0, seed=0):
    """Frames of real and forged clips; a share ``poor`` of them says nothing, and weighs little."""
    rng = np.random.default_rng(seed)
    rows = []
    for condition in CONDITIONS:
        for person in range(people):
            for number in range(12):
                label, bad = number % 2, rng.random(10) < poor
                logits = gap * (2 * label - 1) + rng.normal(0, 1, 10)
                logits[bad] = rng.normal(0, 12, int(bad.sum()))
                rows += [
                    {
                        "clip": f"{person}-{number}",
                        "person": f"p{person}",
                        "condition": condition,
                        "method": "swap" if label else None,
                        "label": label,
                        "split": split,
                        "logit": logit,
                        "weight": 0.1 if each else 1.0,
                    }
                    for logit, each in zip(logits, bad, strict=True)
                ]
    return pl.DataFrame(rows, schema=FACES)


def clips(**choices):
    return Clips.of(faces(**choices), CALIBRATION)


def test_the_plain_mean_stays_where_no_rule_is_better():
    choices = compare_rules(clips(gap=0.4), samples=200)
    assert choices[0].rule == "mean"
    assert choices[0].gain == 0
    assert choose(choices) == "mean"


def test_a_rule_that_clearly_wins_on_people_who_did_not_choose_it_is_taken():
    choices = compare_rules(clips(poor=0.4), samples=200)
    found = {each.rule: each for each in choices}
    assert choose(choices) == "weighted mean"
    assert found["weighted mean"].interval[0] > 0
    assert len(found["weighted mean"].chosen_without) == 6
    assert found["weighted mean"].area > found["mean"].area


def test_a_rule_that_one_person_bears_is_not_taken():
    """Only the clips of one person profit, so that without them another rule is best."""
    table = pl.concat([faces(gap=0.4), faces(people=1, poor=0.4).with_columns(person=pl.lit("x"))])
    assert choose(compare_rules(Clips.of(table, CALIBRATION), samples=200)) == "mean"


def test_external_clips_choose_nothing():
    with pytest.raises(DataError, match="'external' are only reported on"):
        clips(split="external")


def test_two_people_are_too_few():
    with pytest.raises(DataError, match="at least 3 people"):
        compare_rules(clips(people=2))


def test_frames_are_gathered_by_clip_and_condition():
    found = clips()
    assert len(found.scores) == 2 * 6 * 12
    assert found.named == CONDITIONS
    assert all(len(each) == 10 for each in found.scores)


def test_a_calibration_of_clips_is_judged_on_people_left_out():
    own, crossed = compare_levels(clips(gap=0.5), "mean")
    assert own.log_loss > crossed.log_loss > 0
    assert 0 <= crossed.calibration < own.calibration


def test_the_spread_within_clips_is_found():
    assert frame_spread(faces()) == pytest.approx(1, rel=0.05)
