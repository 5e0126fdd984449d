"""Parts, levels and figures of a score table."""

import numpy as np
import polars as pl
import pytest

from evaluation.score_tables import QUICK, make_scores
from unmask.errors import SettingError
from unmask.evaluation.results import BAND, HALF
from unmask.evaluation.summary import Plan, Rows, figures_of, summarise


def whole(scores, plan=QUICK):
    return summarise(scores, plan)[0]


def test_the_whole_is_counted_and_every_figure_holds_its_value():
    part = whole(make_scores())
    assert (part.source, part.level, part.kind) == ("set", "medium", "all")
    assert (part.count, part.reals, part.fakes, part.people) == (120, 60, 60, 12)
    assert part.base_rate == 0.5
    for figure in part.figures:
        if figure.interval is None:  # nothing varies: no real is called fake
            assert figure.name == f"precision at {BAND}"
            continue
        assert figure.interval[0] <= figure.value <= figure.interval[1], figure.name
    names = {figure.name for figure in part.figures if figure.prior is None}
    assert {"ROC AUC", "recall at specificity 0.83", f"recall at {BAND}"} <= names
    for name in ("PR AUC", "log loss", "Brier score", "expected calibration error",
                 f"precision at {HALF}", f"F1 at {BAND}"):  # fmt: skip
        assert {f.prior for f in part.figures if f.name == name} == {0.5, 0.1}


def test_precision_falls_with_the_share_of_fakes_and_recall_stays():
    part = whole(make_scores(gap=1.5))
    precision = f"precision at {HALF}"
    assert part.figure(precision, 0.1).value < part.figure(precision, 0.5).value
    assert part.figure(f"recall at {HALF}").prior is None


def test_abstentions_count_as_missed_and_lower_coverage():
    full, scores = whole(make_scores(gap=20)), make_scores(gap=20, abstained=20)
    part = whole(scores)
    assert full.figure(f"recall at {HALF}").value == 1
    assert part.figure("coverage of fakes").value == pytest.approx(50 / 60)
    assert part.figure("coverage of reals").value == pytest.approx(50 / 60)
    for name in (f"recall at {HALF}", f"recall at {BAND}", "recall at specificity 0.83"):
        assert part.figure(name).value == pytest.approx(50 / 60), name
    assert part.figure("ROC AUC").value == 1
    assert part.figure(f"specificity at {HALF}").value == 1
    for confusion in part.confusions:
        assert confusion.reals["abstained"] == confusion.fakes["abstained"] == 10


def test_confusions_count_every_medium_once():
    scores = make_scores(abstained=7)
    band, half = whole(scores).confusions
    assert (band.point, half.point) == (BAND, HALF)
    for counts, label in ((band.reals, 0), (band.fakes, 1), (half.reals, 0), (half.fakes, 1)):
        assert sum(counts.values()) == scores["label"].eq(label).sum()
    fakes = scores.filter(pl.col("label") == 1)
    assert band.fakes["uncertain"] == fakes["verdict"].eq("uncertain").sum()
    assert half.fakes["fake"] == fakes["score"].gt(0).sum()


def test_a_method_stands_against_all_reals_and_sizes_are_apart():
    parts = summarise(make_scores(abstained=4), QUICK)
    methods = {part.name: part for part in parts if part.kind == "method"}
    assert set(methods) == {"blend", "swap"}
    assert all((part.reals, part.fakes) == (60, 30) for part in methods.values())
    sizes = [part for part in parts if part.kind == "size"]
    assert sum(part.count for part in sizes) == 116
    assert sizes[0].name == "under 64 px"
    assert sizes[-1].name == "256 px and more"
    assert all(part.figure("coverage of fakes") is None for part in sizes)


def test_levels_take_frames_tracks_and_media():
    scores = make_scores(frames=5, gap=1.0, abstained=2)
    levels = {part.level: part for part in summarise(scores, QUICK) if part.kind == "all"}
    counts = {level: part.count for level, part in levels.items()}
    assert counts == {"medium": 120, "track": 118, "frame": 590}
    # Means over five frames tell the two apart better than single frames do.
    assert levels["medium"].figure("ROC AUC").value > levels["frame"].figure("ROC AUC").value + 0.05
    assert levels["track"].figure("ROC AUC").value == levels["medium"].figure("ROC AUC").value
    assert [c.point for c in levels["frame"].confusions] == [HALF]


def test_reals_alone_have_no_areas_but_false_alarms():
    part = whole(make_scores().filter(pl.col("label") == 0))
    names = {figure.name for figure in part.figures}
    assert f"specificity at {BAND}" in names
    assert "coverage of reals" in names
    assert not names & {"ROC AUC", "PR AUC", "coverage of fakes", f"precision at {HALF}"}


def test_nothing_scored_is_nothing_covered():
    part = whole(make_scores(abstained=120))
    assert part.figure("coverage of fakes").value == 0
    assert part.figure(f"recall at {BAND}").value == 0
    assert part.figure("ROC AUC") is None


def test_intervals_are_over_people_not_rows():
    """Rows of one person that are all alike teach no more than one of them."""
    once = make_scores(people=30, each=2, gap=1.0)
    copies = [once.with_columns(pl.col("video_id") + f"-{n}") for n in range(8)]
    rows = [Rows.of(table) for table in (once, pl.concat(copies))]
    widths = []
    for each in rows:
        area = next(f for f in figures_of(each, Plan(samples=300)) if f.name == "ROC AUC")
        widths.append(area.interval)
    np.testing.assert_allclose(widths[0], widths[1])


def test_what_never_varies_is_as_uncertain_as_its_people_are_few():
    part = whole(make_scores(gap=40))
    lowest = 0.025 ** (1 / 12)
    for name in (f"recall at {HALF}", "coverage of fakes", f"specificity at {BAND}"):
        assert part.figure(name).interval == (pytest.approx(lowest), 1.0), name
    assert part.figure("ROC AUC").value == 1
    assert part.figure("ROC AUC").interval is None


@pytest.mark.parametrize("plan", [{"priors": (0.0,)}, {"specificities": (1.0,)}])
def test_a_plan_out_of_range_is_refused(plan):
    with pytest.raises(SettingError, match="must be between 0 and 1"):
        Plan(**plan)
