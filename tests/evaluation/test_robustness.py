"""What robustness states, on scores from known distributions and of media made here."""

import csv

import polars as pl
import pytest

import media_files as files
from bundles import tiny_bundle
from evaluation.score_tables import make_scores
from portraits import portrait
from unmask.detect import Predictor, Settings
from unmask.errors import SettingError
from unmask.evaluation import robustness as names
from unmask.evaluation.degrade import DEGRADATIONS
from unmask.evaluation.rescore import RESCORED, UNTOUCHED
from unmask.evaluation.robustness import Robustness, conditions_of, measure_robustness
from unmask.evaluation.scores import open_dataset


def condition(scores, name=UNTOUCHED, severity=0, level=None):
    facts = {"degradation": name, "severity": severity, "level": level}
    return scores.with_columns(
        pl.lit(value, RESCORED[column]).alias(column) for column, value in facts.items()
    ).select(RESCORED.names())


def under(degraded, untouched=None):
    """The conditions of untouched media and of the same media as they are scored degraded."""
    untouched = make_scores() if untouched is None else untouched
    table = pl.concat([condition(untouched), condition(degraded, "blur", 1, 2.0)])
    return conditions_of(table, {"blur": "blur, sigma"}, 0.83, samples=200)


def values(found):
    return {figure.name: figure.value for figure in found.figures}


def test_what_changes_nothing_loses_nothing():
    untouched, degraded = under(make_scores())
    lost = degraded.figure(names.LOST)
    assert (lost.value, lost.interval) == (0, (0, 0))
    assert untouched.figure(names.LOST) is None
    assert values(untouched) == {k: v for k, v in values(degraded).items() if k != names.LOST}
    assert (untouched.title, degraded.title) == ("untouched", "blur, sigma")
    assert (untouched.level, degraded.level) == (None, 2.0)


@pytest.mark.parametrize("by", [-1.5, 1.5])
def test_a_shift_of_all_scores_moves_the_kept_threshold_only(by):
    scores = make_scores()
    untouched, degraded = map(values, under(scores.with_columns(pl.col("score") + by), scores))
    assert degraded[names.LOST] == 0
    assert degraded[names.REFITTED] == untouched[names.REFITTED]
    assert (degraded[names.RECALL] - untouched[names.RECALL]) * by > 0
    assert (degraded[names.KEPT] - untouched[names.KEPT]) * by < 0


def test_the_area_lost_is_the_difference_and_its_interval_is_paired():
    untouched, degraded = under(make_scores(gap=1.0), make_scores(gap=3.0))
    lost = degraded.figure(names.LOST)
    areas = [each.figure(names.AUC) for each in (untouched, degraded)]
    assert lost.value == pytest.approx(areas[0].value - areas[1].value)
    assert lost.value > 0.1
    assert lost.interval[0] > 0
    apart = areas[0].interval[1] - areas[1].interval[0]
    assert lost.interval[1] - lost.interval[0] < apart


def test_refitting_at_the_same_specificity_agrees_with_the_kept_threshold_untouched():
    found = values(under(make_scores())[0])
    assert found[names.RECALL] == found[names.REFITTED]
    assert found[names.KEPT] >= 0.83


def test_a_fake_that_is_no_longer_scored_is_missed_and_not_in_the_area():
    untouched, degraded = map(values, under(make_scores(abstained=20)))
    assert degraded[names.FAKES] == degraded[names.REALS] == pytest.approx(5 / 6)
    assert degraded[names.RECALL] < untouched[names.RECALL]
    assert degraded[names.LOST] == 0


def test_false_alarms_are_counted_with_exact_bounds():
    scores = make_scores()
    quiet = scores.with_columns(verdict=pl.lit("real"))
    loud = scores.with_columns(verdict=pl.lit("fake"))
    none, every = under(loud, quiet)
    assert (none.alarms, every.alarms) == (0, 60)
    assert none.figure(names.ALARMS).interval == pytest.approx((0, 0.0596), abs=1e-3)
    assert every.figure(names.ALARMS).value == 1


def test_reals_alone_have_no_area_and_fakes_alone_no_threshold():
    scores = make_scores()
    reals = under(*[scores.filter(pl.col("label") == 0)] * 2)[1]
    assert set(values(reals)) == {names.KEPT, names.REALS, names.ALARMS}
    fakes = under(*[scores.filter(pl.col("label") == 1)] * 2)[1]
    assert set(values(fakes)) == {names.FAKES}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return Predictor(tiny_bundle(folder), Settings(threads=1))


def write_dataset(root):
    """Dark reals and bright fakes, which the tiny network tells apart."""
    root.mkdir()
    rows = [("file", "label", "original", "method", "split", "note")]
    for number in range(4):
        image = portrait(number // 2) // (1 if number % 2 else 2)
        files.write_still(root / f"{number}.png", image)
        original = "" if number % 2 == 0 else f"{number - 1}.png"
        rows.append((f"{number}.png", ("REAL", "FAKE")[number % 2], original, "", "val", ""))
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return open_dataset(root, ("val",))


def test_results_scores_and_curves_are_written(tmp_path, predictor):
    out, seen = tmp_path / "out", []
    degradations = {name: DEGRADATIONS[name] for name in ("brighter", "downscale")}
    made = measure_robustness(
        predictor,
        [write_dataset(tmp_path / "set")],
        "val",
        degradations=degradations,
        samples=20,
        out=out,
        progress=lambda *done: seen.append(done),
    )
    assert Robustness.model_validate_json((out / "robustness.json").read_bytes()) == made
    assert len(pl.read_parquet(out / "scores.parquet")) == 4 * 7
    drawn = {path.name for path in out.glob("*.png")}
    assert drawn == {f"set-{name}.png" for name in ("brighter", "downscale", "auc-lost")}
    assert seen == [(n, 4) for n in range(1, 5)]
    assert made.sources == ("set",)
    assert [each.severity for each in made.of("set")] == [0, 1, 2, 3, 1, 2, 3]
    assert made.of("set")[0].figure(names.AUC).value == 1


@pytest.mark.parametrize("specificity", [0, 1])
def test_a_specificity_out_of_range_is_refused(predictor, specificity):
    with pytest.raises(SettingError, match="specificity must be between 0 and 1"):
        measure_robustness(predictor, [], "val", specificity=specificity)
