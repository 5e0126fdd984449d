"""Runs beside each other and beside published counts."""

import json

import polars as pl
import pytest

from evaluation.score_tables import make_scores, write_run
from unmask.errors import DataError, SettingError
from unmask.evaluation.compare import compare
from unmask.evaluation.published import CAPSTONE
from unmask.evaluation.results import HALF, read_results


def test_a_better_run_is_told_from_a_worse_one_and_not_from_itself(tmp_path):
    worse = write_run(tmp_path / "worse", make_scores(gap=1.0))
    same = write_run(tmp_path / "same", make_scores(gap=1.0))
    better = write_run(tmp_path / "better", make_scores(gap=4.0))
    found = compare([worse, same, better], samples=200)
    by_run = {(each.run, each.name): each for each in found.differences}
    assert {each.against for each in found.differences} == {"worse"}
    for name in ("ROC AUC", "recall at specificity 0.83"):
        assert by_run["better", name].excludes_zero
        assert by_run["better", name].value > 0
        assert by_run["same", name].value == 0
        assert not by_run["same", name].excludes_zero
    parts = dict(found.parts_of("set"))
    areas = [part.figure("ROC AUC").value for part in parts.values()]
    gain = by_run["better", "ROC AUC"].value
    assert gain == pytest.approx(areas[2] - areas[0])


def test_only_shared_media_are_compared(tmp_path):
    first = write_run(tmp_path / "a", make_scores())
    scores = make_scores(gap=4.0, abstained=6)
    second = write_run(tmp_path / "b", scores.reverse()[:100])
    found = compare([first, second], samples=20)
    assert [run.media for run in found.runs] == [120, 100]
    shared = {part.count for part in found.parts}
    assert shared == {100}
    alone = read_results(second)[0].parts[0]
    assert found.parts[1].figure("ROC AUC").value == alone.figure("ROC AUC").value


def test_sources_are_compared_apart(tmp_path):
    others = make_scores(3, dataset="others").filter(pl.col("label") == 0)
    runs = [
        write_run(tmp_path / name, pl.concat([make_scores(gap=gap), others]))
        for name, gap in (("a", 1.0), ("b", 2.0))
    ]
    found = compare(runs, samples=20, out=tmp_path / "out")
    assert found.sources == ("set", "others")
    assert {each.source for each in found.differences} == {"set"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.json", "set-roc.png",
    ]  # fmt: skip
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert len(written["parts"]) == 4


def test_runs_that_cannot_be_compared_are_named(tmp_path):
    first = write_run(tmp_path / "a", make_scores())
    with pytest.raises(DataError, match="a and b share no media"):
        compare([first, write_run(tmp_path / "b", make_scores(dataset="other"))])
    flipped = make_scores().with_columns(pl.lit(1, pl.Int8).alias("label"))
    with pytest.raises(DataError, match="'v0000' is labelled otherwise in c than in a"):
        compare([first, write_run(tmp_path / "c", flipped)])
    with pytest.raises(DataError, match=r"no results there.*unmask evaluate"):
        compare([tmp_path / "nowhere"])
    with pytest.raises(SettingError, match="given twice"):
        compare([first, first])
    (first / "results.json").write_text("{}")
    with pytest.raises(DataError, match="cannot be read"):
        compare([first])


def test_published_rows_follow_from_their_counts():
    by_name = {row.name: row for row in CAPSTONE}
    assert {row.count for row in CAPSTONE} == {1568}
    assert {round(row.base_rate, 3) for row in CAPSTONE} == {0.877}
    vgg = by_name["capstone VGG16"]
    found = (vgg.precision, vgg.recall, vgg.specificity)
    assert [round(each.value, 3) for each in found] == [0.960, 0.588, 0.824]
    for each in found:
        assert each.interval[0] < each.value < each.interval[1]
    # 0 of 193: the exact upper bound is 1 - .025 ** (1 / 193).
    nothing = by_name["capstone own CNN"]
    assert nothing.specificity.interval == (0, pytest.approx(1 - 0.025 ** (1 / 193)))
    assert nothing.balanced_accuracy == 0.5
    assert vgg.precision.prior == vgg.base_rate


def test_precision_is_stated_at_the_published_share_of_fakes(tmp_path):
    found = compare([write_run(tmp_path / "a", make_scores())], samples=20)
    assert found.prior == CAPSTONE[0].base_rate
    assert found.parts[0].figure(f"precision at {HALF}", found.prior) is not None
