"""Tests for shortcuts, on scores with planted differences and on media made here."""

import csv

import numpy as np
import polars as pl
import pytest

import media_files as files
from bundles import tiny_bundle
from evaluation.score_tables import make_scores
from portraits import portrait
from unmask.detect import Predictor, Settings
from unmask.evaluation.occlude import BACKGROUND, FACE, WHOLE, face_hull, hide, occlude
from unmask.evaluation.rescore import RESCORED
from unmask.evaluation.scores import open_dataset
from unmask.evaluation.shortcuts import (
    Shortcuts,
    find_shortcuts,
    group_differences,
    occlusion_areas,
    recoding_shifts,
    tell_apart,
)
from unmask.faces import CropSpec


def reals(**changes):
    return make_scores(**changes).filter(pl.col("label") == 0)


@pytest.mark.parametrize(("by", "expected"), [(0.0, 0.5), (9.0, 1.0), (-9.0, 0.0)])
def test_sources_of_equal_scores_cannot_be_told_apart(by, expected):
    other = reals(dataset="other").with_columns(pl.col("logit") + by)
    (found,) = tell_apart(reals(), other, samples=100)
    assert found.value == pytest.approx(expected)
    assert found.interval[0] <= expected <= found.interval[1]
    assert found.counts == {"set": 60, "other": 60}
    assert found.wanted == (0.40, 0.60)


def test_a_source_without_scores_is_told_from_none():
    nothing = make_scores(people=2, abstained=20, dataset="other")
    assert tell_apart(reals(), nothing) == []


def recoded(scores, by):
    def part(name, severity, level, logit):
        facts = {"degradation": name, "severity": severity, "level": level, "logit": logit}
        return scores.with_columns(
            (value if isinstance(value, pl.Expr) else pl.lit(value)).cast(RESCORED[key]).alias(key)
            for key, value in facts.items()
        ).select(RESCORED.names())

    logit = pl.col("logit")
    return pl.concat(
        [part("none", 0, None, logit), part("jpeg", 1, 75.0, logit + by),
         part("h264", 1, 28.0, pl.when(pl.col("label") == 1).then(logit + 2 * by))]
    )  # fmt: skip


def test_a_shift_by_coding_again_is_found_on_the_media_scored_both_times():
    jpeg, h264 = recoding_shifts(recoded(make_scores(), 0.5), samples=50)
    assert jpeg.value == pytest.approx(0.5)
    assert jpeg.interval == pytest.approx((0.5, 0.5))
    assert jpeg.name == "mean logit after JPEG quality 75, less before"
    assert h264.value == pytest.approx(1.0)
    assert h264.counts == {"reals": 120, "scored both times": 60}


def utk(by):
    """Reals named by age, sex and ethnicity: women's logits lie ``by`` higher."""
    scores = reals(people=30, dataset="utkface", identity=None)
    sexes = [str(n % 2) for n in range(len(scores))]
    return scores.with_columns(
        pl.Series("video_id", [f"30_{sex}_{n % 3}_2017{n}" for n, sex in enumerate(sexes)]),
        pl.col("logit") + pl.Series([by * (sex == "1") for sex in sexes]),
    )


def test_a_planted_difference_between_groups_is_found():
    plain, planted = (
        {each.name: each for each in group_differences(utk(by), samples=200)} for by in (0, 2)
    )
    name = "mean logit, female less male"
    assert planted[name].value - plain[name].value == pytest.approx(2)
    assert planted[name].interval[0] > 1
    assert planted[name].counts == {"female": 75, "male": 75}
    assert set(planted) == {name, *(f"mean logit, {g} less all others"
                                    for g in ("White", "Black", "Asian"))}  # fmt: skip


def test_other_sources_have_no_groups():
    assert group_differences(reals()) == []


def test_hiding_fills_with_the_mean_colour_and_leaves_the_rest():
    image = portrait()
    where = np.zeros(image.shape[:2], bool)
    where[40:120, 30:130] = True
    hidden = hide(image, where)
    assert (hidden[~where] == image[~where]).all()
    assert np.ptp(hidden[where].reshape(-1, 3), axis=0).tolist() == [0, 0, 0]
    assert np.abs(hidden[60, 60] - image[where].mean(axis=0)).max() <= 0.5
    assert (hide(image, ~np.ones_like(where)) == image).all()


def test_the_hull_holds_the_landmarks_and_not_the_corners():
    spec = CropSpec(size=160)
    hull = face_hull(spec.points(), spec.size)
    x, y = spec.points().round().astype(int).T
    assert hull[y, x].all()
    assert not hull[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert 0.5 < hull.mean() < 0.95


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return Predictor(tiny_bundle(folder, gain=8.0), Settings(threads=1))


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    (root / "set").mkdir()
    (root / "utk" / "val").mkdir(parents=True)
    rows = [("file", "label", "original", "method", "split", "note")]
    for number in range(4):
        image = portrait(number) // (1 if number % 2 else 2)
        files.write_still(root / f"set/{number}.png", image)
        rows.append((f"{number}.png", ("REAL", "FAKE")[number % 2], "", "", "val", ""))
        name = f"{30 + number}_{number % 2}_0_2017{number}.jpg"
        files.write_still(root / "utk" / "val" / name, portrait(number, "hopper"))
    files.write_still(root / "set/blank.png", np.full((200, 200, 3), 90, np.uint8))
    rows.append(("blank.png", "REAL", "", "", "val", ""))
    with (root / "set" / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return [open_dataset(root / name, ("val",)) for name in ("set", "utk")]


def test_occluded_crops_are_scored_and_a_medium_without_a_face_is_not(predictor, datasets):
    found = occlude(predictor, datasets[0])
    rows = {row["video_id"]: row for row in found.iter_rows(named=True)}
    assert rows["blank"][WHOLE] is rows["blank"][BACKGROUND] is rows["blank"]["covered"] is None
    for name in "0123":
        report = predictor.detect(datasets[0].root / f"{name}.png")
        assert rows[name][WHOLE] == pytest.approx(report.score, abs=1e-5)
        # A mean colour keeps the brightness, which is all that the tiny network sees.
        assert rows[name][BACKGROUND] == pytest.approx(report.score, abs=0.05)
        assert rows[name][FACE] == pytest.approx(report.score, abs=0.05)
    areas = occlusion_areas(found, samples=20)
    assert [each.value for each in areas] == [1, 1, 1]
    assert areas[0].counts == {"reals": 2, "fakes": 2, "without a face": 1}


def test_all_tests_are_run_and_written(tmp_path, predictor, datasets):
    out = tmp_path / "out"
    made = find_shortcuts(predictor, datasets, "val", samples=20, out=out)
    assert Shortcuts.model_validate_json((out / "shortcuts.json").read_bytes()) == made
    counts = {test: len(made.of(test)) for test in ("sources", "recoding", "occlusion", "group")}
    assert counts == {"sources": 1, "recoding": 2 * 3, "occlusion": 3, "group": 1}
    assert 0.5 < made.covered < 1
    written = pl.read_parquet(out / "reals.parquet")
    assert written.filter(pl.col("label") == 1).is_empty()
    assert len(written) == (3 + 4) * 4
    assert len(pl.read_parquet(out / "occluded.parquet")) == 5
