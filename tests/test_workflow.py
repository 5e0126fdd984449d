"""The whole path, from batches of zips to compared detectors, through the commands.

The data are made in the capstone's layout, with all that is wrong with the real ones.
"""

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout

import polars as pl
import pytest

from portraits import png, scene, write_tree
from unmask.cli import main
from unmask.detect import load_bundle

FAMILIES = 26
VIDEOS = 3 * FAMILIES
BATCH = "deepfake-detection-faces-part-0-{}.zip"
HEADER = "filename,split,original,label"
FRAMES = (0, 10, 20, 30, 40)
EVERY, MOST = 10, 4

pytestmark = pytest.mark.slow


def video(seed, frames=FRAMES, **look):
    return {f"{frame}.png": png(scene(seed, frame, **look)) for frame in frames}


def family(number):
    """A real and its two fakes: name -> (original, label, files)."""
    real = f"real{number}"
    return {
        real: ("", "REAL", video(number)),
        f"fake{number}a": (f"{real}.mp4", "FAKE", video(number, forged=True)),
        f"fake{number}b": (f"{real}.mp4", "FAKE", video(number, forged=True)),
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The folder of a dataset in two batches."""
    videos = {}
    for number in range(FAMILIES):
        videos |= family(number)
    # Frame 10 shows a second face: the first video has a frame just after it, the second has not.
    videos["real0"][2].update({"10_1.png": png(scene(97, 0)), "11.png": png(scene(0, 11))})
    videos["real1"][2]["10_1.png"] = png(scene(98, 0))
    # Two people before one camera: twice the frames. Its fake loses its original with it.
    videos["crowd"] = ("", "REAL", video(50, range(12)))
    videos["orphan"] = ("crowd.mp4", "FAKE", video(50, forged=True))
    # An original that is listed and not there, and its fake.
    videos["gone"] = ("", "REAL", {})
    videos["lost"] = ("gone.mp4", "FAKE", video(51, forged=True))
    videos["unsure"] = ("", "UNSURE", video(52))
    files = {}
    names = sorted(videos)
    for part in range(2):
        lines = [HEADER]
        for name in names[part::2]:
            original, label, pictures = videos[name]
            lines.append(f"{name}.mp4,train,{original},{label}")
            files |= {f"{BATCH.format(part)}/{name}/{each}": pictures[each] for each in pictures}
        lines.insert(len(lines) // 2, HEADER)  # batches were merged with their headers
        files[f"{BATCH.format(part)}/metadata.csv"] = "\n".join(lines).encode()
    files[f"{BATCH.format(0)}/stray/0.png"] = png(scene(99, 0))
    folder = tmp_path_factory.mktemp("dfdc")
    write_tree(folder, files)
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


def unmask(*words):
    """Run a command; return what it printed and what it said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert not end.value.code, err.getvalue()
    return out.getvalue(), err.getvalue()


def stage(work, name, *words):
    """Run a command of ``unmask data`` that writes a manifest; return its path and what it said."""
    path = work / f"{name}.parquet"
    return path, unmask("data", name, *words, "--out", path)[1]


@pytest.fixture(scope="module")
def ingested(work, root):
    return stage(work, "ingest", root)


@pytest.fixture(scope="module")
def cleaned(work, ingested):
    return stage(work, "clean", ingested[0], "--frames", 4, 8)


@pytest.fixture(scope="module")
def thinned(work, root, cleaned):
    return stage(work, "thin", cleaned[0], "--root", root, "--every", EVERY, "--most", MOST)


@pytest.fixture(scope="module")
def split(work, thinned):
    shares = ("--shares", "20/60/20", "--dev-share", 0.4)
    return stage(work, "split", thinned[0], *shares, "--anew")


@pytest.fixture(scope="module")
def faces(work, root, split):
    folder = work / "faces"
    return folder, unmask("data", "prepare", split[0], "--root", root, "--out", folder)[1]


@pytest.fixture(scope="module")
def run(work, faces):
    small = {"epochs": 6, "batch": 8, "crop.size": 64, "channels": [8, 8, 16], "hidden": 16}
    # With so few faces and steps it must learn quickly, and from the faces as they are.
    quick = {"batch_norm": "true", "dropout": 0, "learning_rate": 0.003, "strength": "null"}
    choices = [
        word for key, value in (small | quick).items() for word in ("--set", f"{key}={value}")
    ]
    unmask("train", "capstone-cnn", faces[0], "--out", work / "run", "--workers", 0, *choices)
    return work / "run"


@pytest.fixture(scope="module")
def bundle(work, root, split, run):
    """The detector, calibrated; the layout's official split is a table beside the batches."""
    unmask("export", run, work / "raw.onnx")
    table = pl.read_parquet(split[0]).select(videoname="video_id", split="split")
    table.drop_nulls().write_csv(root / "splits.csv")
    choices = ("--clips", root, "--aggregation", "trimmed mean")
    unmask("calibrate", work / "raw.onnx", root, "--out", work / "ready.onnx", *choices)
    return work / "ready.onnx"


def test_what_is_wrong_with_the_data_is_listed_row_by_row(work, ingested):
    path, said = ingested
    assert len(pl.read_parquet(path)) == VIDEOS + 4
    with (work / "ingest.problems.csv").open() as file:
        names = [row["path"].rpartition("/")[2] for row in csv.DictReader(file)]
    assert sorted(names) == ["gone", "lost", "metadata.csv", "metadata.csv", "stray", "unsure"]
    assert "each of the 6 problems" in said


def test_exploring_draws_a_page(work, root, ingested):
    out, _ = unmask("data", "explore", ingested[0], "--root", root, "--out", work / "page")
    assert str(VIDEOS + 4) in out
    assert (work / "page" / "index.html").is_file()
    assert list((work / "page").rglob("*.png"))


def test_an_outlier_goes_and_so_do_the_fakes_without_an_original(cleaned):
    path, said = cleaned
    reasons = pl.read_parquet(path).drop_nulls("excluded")["video_id"].to_list()
    assert sorted(reasons) == ["crowd", "gone", "lost", "orphan"]
    for step in ("1 listed, but not there", "1 outliers", "2 fakes orphaned", f"{VIDEOS} left"):
        assert step in said


def test_thinning_moves_on_from_frames_with_several_faces_and_keeps_gaps(thinned):
    picks = dict(pl.read_parquet(thinned[0]).select("video_id", "picks").iter_rows())
    assert picks["real0"] == [0, 11, 20, 30]
    assert picks["real1"] == [0, None, 20, 30]
    assert picks["fake1a"] == [0, 10, 20, 30]
    assert picks["crowd"] is None


def test_splits_take_whole_families_and_nothing_leaks(root, split):
    rows = pl.read_parquet(split[0]).filter(pl.col("excluded").is_null())
    assert set(rows["split"]) == {"train", "dev", "val", "test"}
    assert (rows.group_by("group_id").agg(pl.col("split").n_unique())["split"] == 1).all()
    out, said = unmask("data", "check", split[0], "--root", root)
    assert out == ""
    assert "nothing that was compared stands in two splits" in said


def test_each_picked_frame_is_a_face_in_its_place(faces):
    folder, said = faces
    assert f"{VIDEOS} of {VIDEOS + 4} rows prepared, 4 left out" in said
    found = pl.read_parquet(folder / "faces-*.parquet")
    assert len(found) == VIDEOS * MOST - 1
    assert found.filter(pl.col("video_id") == "real1")["slot"].to_list() == [0, 2, 3]
    assert not len(pl.read_parquet(folder / "failures.parquet"))


def test_a_run_holds_its_choices(run):
    assert json.loads((run / "recipe.json").read_text())["recipe"]["recipe"] == "capstone-cnn"


def test_the_card_says_how_frames_become_one_score_and_how_much_they_differ(bundle):
    card = load_bundle(bundle).card
    assert card.aggregation == "trimmed mean"
    assert card.calibration.frame_spread > 0


def test_detectors_are_measured_and_compared(work, root, split, bundle):
    test = pl.read_parquet(split[0]).filter(pl.col("split") == "test")
    words = ("--manifest", split[0], "--root", root, "--split", "test", "--json")
    for name, model in (("own", ("--model", bundle)), ("shipped", ())):
        out, _ = unmask("evaluate", *words, *model, "--out", work / name)
        assert json.loads(out)["sources"][0]["media"] == len(test)
        assert (work / name / "results.json").is_file()
    out, _ = unmask("compare", work / "own", work / "shipped", "--out", work / "compared")
    assert "VGG16" in out
    compared = json.loads((work / "compared" / "comparison.json").read_text())
    assert [run["model"]["name"] for run in compared["runs"]] == ["capstone-cnn", "frame"]
