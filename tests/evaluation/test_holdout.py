"""Bands judged on sources that took no part in their fit."""

import polars as pl
import pytest

from evaluation.score_tables import make_scores
from unmask.errors import DataError
from unmask.evaluation.calibrate import Scores
from unmask.evaluation.holdout import hold_out


def reals(name="other", *, shift=0.0, split="val", seed=5, people=120):
    scores = make_scores(seed, people=people, each=2, dataset=name, split=split)
    kept = scores.filter(label=0).with_columns(pl.col("logit", "score") + shift)
    return kept.with_columns(pl.lit(name).alias("dataset"))


MAIN = make_scores(1, people=30, each=20)


def find(found, source, kind="reals"):
    return next(each for each in found if (each.source, each.kind) == (source, kind))


def test_a_source_is_judged_by_bands_of_the_others_only():
    """Reals that all score high are called fake, although a pool of their own would save them."""
    found = hold_out([MAIN, reals(shift=6.0)])
    judged = find(found, "other")
    assert judged.fitted_on == ("set",)
    assert judged.counts == {"fake": 120, "uncertain": 0, "real": 0, "": 0}
    assert find(found, "set").fitted_on == ("other",)
    assert find(found, "set", "fakes").counts["fake"] == 0


def test_the_shares_carry_exact_intervals():
    judged = find(hold_out([MAIN, reals(shift=-6.0)]), "other")
    assert judged.called_fake.value == 0
    assert judged.called_fake.interval == pytest.approx((0, 1 - 0.025 ** (1 / 120)))


def test_the_promise_holds_on_a_source_like_the_others():
    found = hold_out([MAIN, reals()], rate=0.05)
    assert find(found, "other").called_fake.interval[0] < 0.05


def test_people_of_the_first_source_are_judged_by_others():
    """Their labels have no say in what they themselves are called."""
    shuffled = MAIN.with_columns(
        label=pl.when(pl.col("identity") == "p03").then(1 - pl.col("label")).otherwise("label")
    )
    before, after = (hold_out([table, reals()]) for table in (MAIN, shuffled))
    total = [
        find(found, "set").counts["fake"] + find(found, "set", "fakes").counts["fake"]
        for found in (before, after)
    ]
    assert abs(total[0] - total[1]) <= len(MAIN) // 10


def test_external_media_are_reported_and_enter_no_fit():
    external = reals("foreign", shift=50.0, split="external")
    found = hold_out([MAIN, reals()], [external])
    judged = find(found, "foreign")
    assert judged.report_only
    assert judged.fitted_on == ("set", "other")
    assert judged.counts["fake"] == 120
    assert [each for each in found if not each.report_only] == hold_out([MAIN, reals()])


@pytest.mark.parametrize("place", [0, 1])
def test_external_media_are_refused_where_anything_is_fitted(place):
    tables = [MAIN, reals()]
    tables[place] = tables[place].with_columns(split=pl.lit("external"))
    with pytest.raises(DataError, match="'external' is only reported on"):
        hold_out(tables)
    with pytest.raises(DataError, match="'external' is only reported on"):
        Scores.of(tables[place])


def test_what_was_reported_is_not_judged_by_a_pool_of_its_own():
    seen = reals("other", shift=8.0, split="train", seed=6)
    judged = [each for each in hold_out([MAIN, reals()], [seen]) if each.report_only]
    assert [each.fitted_on for each in judged] == [("set",)]


def test_more_people_need_more():
    """The highest of several scores is compared with a bar that allows for their number."""
    one = reals(shift=2.0)
    many = one.with_columns(people=pl.lit(8, pl.Int32))
    alarms = [
        find(hold_out([MAIN, each], rate=0.2), "other").counts["fake"] for each in (one, many)
    ]
    assert alarms[1] < alarms[0]


def test_abstentions_are_counted_apart():
    judged = find(hold_out([make_scores(1, people=30, each=20, abstained=6), reals()]), "set")
    assert judged.counts[""] == 3
    assert judged.media == 300


def test_one_source_cannot_be_left_out():
    with pytest.raises(DataError, match="at least 2"):
        hold_out([MAIN])
