"""Datasets through a tiny bundle: what is scored, what is written, what nothing is fitted on."""

import csv
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import media_files as files
from bundles import tiny_bundle
from evaluation.score_tables import QUICK, make_scores
from unmask.data.manifest import make_manifest, write_manifest
from unmask.detect import Predictor, Settings
from unmask.errors import DataError
from unmask.evaluation.calibrate import Scores
from unmask.evaluation.evaluate import evaluate, figures, score_all
from unmask.evaluation.results import read_results
from unmask.evaluation.scores import frame_rows, open_dataset, open_manifest, score_rows
from unmask.media import open_media

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return Predictor(tiny_bundle(folder), Settings(frames=4, threads=1))


def picture(name="hopper.jpg"):
    with open_media(SAMPLES / "real" / name, frames=1) as reader:
        return next(iter(reader)).image[:512, :512]


def labelled(root, rows):
    """Write a dataset of stills, clips and missing files with its labels.csv."""
    root.mkdir()
    header = ("file", "label", "original", "method", "split", "note")
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return root


@pytest.fixture
def dataset(tmp_path):
    root = labelled(
        tmp_path / "mixed",
        [
            ("hopper.jpg", "REAL", "", "", "val", ""),
            ("swap.jpg", "FAKE", "hopper.jpg", "swap", "val", ""),
            ("blank.png", "REAL", "", "", "val", ""),
            ("clip.mp4", "FAKE", "", "swap", "val", ""),
            ("gone.jpg", "REAL", "", "", "val", ""),
            ("outside.jpg", "REAL", "", "", "external", ""),
        ],
    )
    shutil.copy(SAMPLES / "real" / "hopper.jpg", root)
    shutil.copy(SAMPLES / "real" / "hopper.jpg", root / "outside.jpg")
    shutil.copy(SAMPLES / "forged" / "hopper-faceswap.jpg", root / "swap.jpg")
    files.write_still(root / "blank.png", np.full((200, 200, 3), 90, np.uint8))
    files.write_video(root / "clip.mp4", [picture()] * 5, rate=5)
    return root


def test_every_medium_has_a_row_and_none_a_score_that_was_not_computed(dataset, predictor):
    opened = open_dataset(dataset, ("val",))
    scores = score_rows(predictor, opened.root, opened.rows)
    rows = {row["video_id"]: row for row in scores.iter_rows(named=True)}
    assert set(rows) == {"hopper", "swap", "blank", "clip", "gone"}
    assert rows["blank"]["abstention"] == "no_face"
    assert rows["gone"]["abstention"] == "unreadable"
    for name in ("blank", "gone"):
        assert rows[name]["score"] is rows[name]["verdict"] is rows[name]["scored"] is None
    report = predictor.detect(dataset / "clip.mp4")
    clip = rows["clip"]
    assert (clip["score"], clip["verdict"]) == (report.score, report.verdict)
    assert [face["time"] for face in clip["scored"]] == [f.time for f in report.faces[0].frames]
    assert len(frame_rows(scores)) == 2 + 4


def test_results_and_tables_are_written(dataset, predictor, tmp_path):
    out = tmp_path / "out"
    made = evaluate(predictor, [open_dataset(dataset, ("val",))], "val", plan=QUICK, out=out)
    read, scores = read_results(out)
    assert read == made
    assert read.model.name == "tiny"
    assert read.parts[0].count == len(scores) == 5
    assert read.parts[0].figure("coverage of reals").value == pytest.approx(1 / 3)
    assert "nothing was cross-fitted" in read.note
    assert len(pl.read_parquet(out / "frames.parquet")) == 6
    drawn = {path.name for path in out.glob("*.png")}
    assert drawn == {f"mixed-{name}.png" for name in ("roc", "pr", "scores", "methods")}
    assert {part.level for part in read.parts} == {"medium", "track", "frame"}


def folder_of(root, pictures):
    root.mkdir(parents=True)
    for name, image in pictures.items():
        files.write_still(root / name, image)


def test_a_folder_of_frames_is_judged_as_a_video(tmp_path, predictor):
    face, blank = picture(), np.full((200, 200, 3), 90, np.uint8)
    dimmer = {f"{n}.png": (face * (1 - n / 100)).astype(np.uint8) for n in (0, 9, 10, 20, 30, 40)}
    folder_of(tmp_path / "all", {**dimmer, "10_1.png": blank, "9.png": blank})
    folder_of(tmp_path / "one", {"0.png": face})
    folder_of(tmp_path / "two", {"0.png": face, "1.png": face})
    folder_of(tmp_path / "none", {"0.png": blank, "1.png": blank, "2.png": blank})
    keys = {"label": 0, "dataset": "faces", "split": "test"}
    manifest = make_manifest(
        [
            *({**keys, "video_id": n, "path": n, "group_id": n} for n in ("one", "two", "none")),
            {**keys, "video_id": "all", "path": "all", "group_id": "all"},
            {**keys, "video_id": "picked", "path": "all", "group_id": "all",
             "picks": [0, None, 10, 40]},
        ]
    )  # fmt: skip
    scores = score_rows(predictor, tmp_path, manifest)
    rows = {row["video_id"]: row for row in scores.iter_rows(named=True)}
    assert rows["two"]["abstention"] == "too_few_frames"
    assert rows["none"]["abstention"] == "no_face"
    assert rows["one"]["score"] == pytest.approx(predictor.detect(tmp_path / "one/0.png").score)
    times = {name: [face["time"] for face in rows[name]["scored"]] for name in ("all", "picked")}
    assert times == {"all": [0, 10, 20, 40], "picked": [0, 10, 40]}  # 4 of 6, evenly; 3 picks
    for name, shown in times.items():
        each = [face["score"] for face in rows[name]["scored"]]
        stills = [predictor.detect(tmp_path / f"all/{time:.0f}.png").score for time in shown]
        assert each == pytest.approx(stills, abs=1e-4)
        assert rows[name]["score"] == pytest.approx(np.mean(each))


def test_excluded_rows_are_left_out_and_an_empty_split_is_named(tmp_path):
    rows = [
        {"video_id": n, "path": f"{n}.jpg", "label": 0, "group_id": n, "dataset": "d",
         "split": "val", "excluded": "too short" if n == "b" else None}
        for n in "ab"
    ]  # fmt: skip
    path = tmp_path / "m.parquet"
    write_manifest(make_manifest(rows), path)
    assert open_manifest(path, tmp_path, ("val",)).rows["video_id"].to_list() == ["a"]
    with pytest.raises(DataError, match=r"m\.parquet: nothing in split test. It has val"):
        open_manifest(path, tmp_path, ("test",))


def test_a_medium_given_twice_is_refused(dataset, predictor):
    opened = open_dataset(dataset, ("external",))
    with pytest.raises(DataError, match="'outside' is given twice"):
        evaluate(predictor, [opened, opened], "external")


def test_external_media_are_reported_on(dataset, predictor):
    found = evaluate(predictor, [open_dataset(dataset, ("external",))], "external", plan=QUICK)
    assert found.parts[0].count == 1
    assert found.cross_fitted == ()


def test_nothing_is_fitted_on_external_media(tmp_path, predictor):
    scores = make_scores(split="external")
    with pytest.raises(DataError, match="'external' is only reported on"):
        Scores.of(scores)
    with pytest.raises(DataError, match="'external' is only reported on"):
        figures([make_scores(dataset="fit"), scores])
    root = labelled(tmp_path / "only", [("a.jpg", "FAKE", "", "", "external", "")])
    with pytest.raises(DataError, match=r"nothing in split val\. It has external"):
        score_all(predictor, [root], "val", None)
