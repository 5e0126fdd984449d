"""Degraded media through the predictor: what is scored, what is drawn with a limit."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import media_files as files
from bundles import tiny_bundle
from portraits import portrait
from unmask.data.manifest import make_manifest
from unmask.detect import Predictor, Settings
from unmask.errors import DataError
from unmask.evaluation.degrade import DEGRADATIONS
from unmask.evaluation.rescore import RESCORED, UNTOUCHED, rescore, sample_families
from unmask.evaluation.scores import Dataset, open_dataset

CHOSEN = {name: DEGRADATIONS[name] for name in ("darker", "face")}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return Predictor(tiny_bundle(folder), Settings(frames=4, threads=1))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("mixed")
    files.write_still(root / "face.png", portrait(size=220, room=2.2))
    files.write_still(root / "blank.png", np.full((200, 200, 3), 90, np.uint8))
    files.write_video(root / "clip.mp4", [portrait(size=220, person="hopper")] * 5, rate=5)
    header = ("file", "label", "original", "method", "split", "note")
    names = ("face.png", "blank.png", "clip.mp4", "gone.png")
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *((n, "REAL", "", "", "val", "") for n in names)])
    return open_dataset(root, ("val",))


@pytest.fixture(scope="module")
def scores(predictor, dataset):
    return rescore(predictor, dataset, CHOSEN)


def test_every_medium_has_every_condition(scores):
    assert scores.schema == RESCORED
    conditions = [(UNTOUCHED, 0), *((n, s) for n in CHOSEN for s in (1, 2, 3))]
    for _, rows in scores.group_by("video_id"):
        assert rows.select("degradation", "severity").rows() == conditions
    assert scores["video_id"].n_unique() == 4


@pytest.mark.parametrize(("name", "path"), [("face", "face.png"), ("clip", "clip.mp4")])
def test_untouched_media_have_the_score_that_users_see(scores, predictor, dataset, name, path):
    row = scores.filter((pl.col("video_id") == name) & (pl.col("degradation") == UNTOUCHED))
    report = predictor.detect(dataset.root / path)
    assert row["score"].to_list() == [report.score]
    assert row["verdict"].to_list() == [report.verdict]


@pytest.mark.parametrize("name", ["face", "clip"])
def test_what_is_done_to_the_pictures_reaches_the_score(scores, name):
    rows = scores.filter(pl.col("video_id") == name)
    dark = rows.filter(pl.col("degradation").is_in([UNTOUCHED, "darker"]))["score"].to_list()
    assert dark == sorted(dark, reverse=True)  # the tiny network says how bright a face is
    assert dark[0] - dark[-1] > 1
    sizes = rows.filter(pl.col("degradation") == "face")["size"].to_list()
    assert sizes == pytest.approx([96, 64, 48], rel=0.25)


def test_what_cannot_be_judged_untouched_stays_abstained_on(scores):
    for name, reason in (("blank", "no_face"), ("gone", "unreadable")):
        rows = scores.filter(pl.col("video_id") == name)
        assert rows["abstention"].to_list() == [reason] * 7
        assert rows["score"].null_count() == 7


def test_the_same_seed_gives_the_same_scores(predictor, dataset):
    one = replace(dataset, rows=dataset.rows.filter(pl.col("video_id") == "face"))
    noise = {"noise": DEGRADATIONS["noise"]}
    first, second, other = (
        rescore(predictor, one, noise, seed=seed)["score"].to_list() for seed in (0, 0, 1)
    )
    assert first == second
    assert first[0] == other[0]
    assert first[1:] != other[1:]


def families(counts):
    """A dataset of families, each of so many reals and fakes."""
    rows = [
        {"video_id": f"{family}-{label}-{n}", "path": "x", "label": label, "dataset": "d",
         "group_id": f"g{family}", "split": "val"}
        for family, pair in enumerate(counts) for label in (0, 1) for n in range(pair[label])
    ]  # fmt: skip
    return Dataset(Path("d"), Path("d"), make_manifest(rows), "0" * 64)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any), min_size=1, max_size=30),
    st.integers(6, 60),
    st.integers(0, 99),
)
def test_a_sample_is_of_whole_families_and_balanced(counts, limit, seed):
    whole = families(counts)
    drawn = sample_families(whole, limit, seed)
    again = replace(whole, rows=whole.rows.sample(fraction=1, shuffle=True, seed=seed))
    if len(whole.rows) > limit:
        again = sample_families(again, limit, seed)
        assert sorted(again.rows["video_id"]) == sorted(drawn.rows["video_id"])
    kept = set(drawn.rows["group_id"])
    assert len(drawn.rows) == len(whole.rows.filter(pl.col("group_id").is_in(kept)))
    assert len(drawn.rows) <= max(limit, 0)
    if len(whole.rows) > limit and whole.rows["label"].n_unique() == 2:
        assert drawn.rows["label"].sum() <= limit // 2
        assert (drawn.rows["label"] == 0).sum() <= limit // 2


def test_a_limit_is_filled_as_far_as_families_go():
    drawn = sample_families(families([(1, 1)] * 50), 20)
    assert drawn.rows["label"].value_counts(sort=True)["count"].to_list() == [10, 10]
    assert len(sample_families(families([(1, 0)] * 50), 20).rows) == 20


def test_a_limit_that_no_family_fits_is_refused():
    with pytest.raises(DataError, match="no family fits into --limit 4; raise it"):
        sample_families(families([(1, 9), (1, 8)]), 4)
