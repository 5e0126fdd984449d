"""The product as its users run it: the command, the shipped bundle, real files, bad ones among
them."""

import json
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from media_files import cut, numbered, write_sound, write_still, write_video
from unmask.media import open_media
from unmask.report import read_schema

SAMPLES = Path(__file__).parents[1] / "samples"


def run(*arguments):
    command = [sys.executable, "-m", "unmask", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def bomb():
    """A PNG that says it holds 50,000 x 50,000 pixels, and is a few bytes long."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder of good and bad files: name -> the verdict or abstention that it must get."""
    folder = tmp_path_factory.mktemp("corpus")
    wanted = {}

    def expect(name, *outcomes):
        wanted[name] = outcomes
        return folder / name

    verdicts = ("fake", "real", "uncertain")
    shutil.copy(SAMPLES / "real" / "astronaut.jpg", expect("good.jpg", *verdicts))
    shutil.copy(SAMPLES / "real" / "astronaut.mp4", expect("good.mp4", *verdicts))
    with open_media(SAMPLES / "real" / "astronaut.mp4", frames=40) as reader:
        frames = [frame.image for frame in reader]
    index_first = {"movflags": "faststart"}
    write_video(expect("cut.mp4", *verdicts), frames, muxing=index_first, options={"g": "5"})
    cut(folder / "cut.mp4", 0.7)
    expect("empty.mp4", "unreadable").touch()
    expect("text.mp4", "unsupported", "unreadable").write_text("this is no clip\n" * 50)
    neighbour = folder / "good.mp4"
    expect("concat.mp4", "unsupported").write_text(f"ffconcat version 1.0\nfile '{neighbour}'\n")
    write_still(expect("no-face.jpg", "no_face"), numbered(5))
    write_video(expect("no-face.mp4", "no_face"), 10)
    write_sound(expect("sound.mp4", "unsupported"))
    expect("bomb.png", "over_limit").write_bytes(bomb())
    write_video(expect("one-frame.mp4", "too_few_frames"), 1)
    data = neighbour.read_bytes()
    expect("no-moov.mp4", "unreadable").write_bytes(data.replace(b"moov", b"free"))
    write_still(expect("8k.jpg", "no_face"), np.full((4320, 7680, 3), 120, np.uint8))
    return folder, wanted


@pytest.fixture(scope="module")
def outcome(corpus, tmp_path_factory):
    folder, _ = corpus
    reports = tmp_path_factory.mktemp("reports")
    return run("detect", folder, folder / "missing.mp4", "--json", "--report", reports), reports


def test_every_file_of_a_folder_gets_its_own_outcome(corpus, outcome):
    folder, wanted = corpus
    done, _ = outcome
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {Path(line["path"]).name: line["verdict"] or line["abstention"] for line in lines}
    assert found.pop("missing.mp4") == "unreadable"
    assert found.keys() == wanted.keys(), done.stderr
    wrong = {name: got for name, got in found.items() if got not in wanted[name]}
    assert not wrong
    assert folder.exists()


def test_lines_keep_the_schema_and_abstentions_carry_no_score(outcome):
    done, _ = outcome
    schema = json.loads(read_schema())
    for line in map(json.loads, done.stdout.splitlines()):
        jsonschema.validate(line, schema)
        if line["abstention"]:
            assert line["probability"] is line["interval"] is line["score"] is None
            assert line["message"].count("\n") == 0
        else:
            assert 0 <= line["interval"][0] <= line["probability"] <= line["interval"][1] <= 1


def test_a_cut_clip_is_scored_on_what_decoded_and_says_so(outcome):
    done, _ = outcome
    line = next(
        x for x in map(json.loads, done.stdout.splitlines()) if x["path"].endswith("cut.mp4")
    )
    assert line["frames"]["decoded"] < line["frames"]["expected"]
    assert "truncated" in line["message"]


def test_nothing_prints_a_traceback_and_the_code_says_what_happened(outcome):
    done, reports = outcome
    assert "Traceback" not in done.stdout + done.stderr
    fakes = '"verdict":"fake"' in done.stdout.replace(" ", "")
    assert done.returncode == (1 if fakes else 2)
    assert (reports / "index.html").is_file()


def test_a_single_bad_file_and_a_folder_without_media(tmp_path, corpus):
    folder, _ = corpus
    assert run("detect", folder / "empty.mp4").returncode == 2
    assert run("detect", folder / "no-face.jpg").returncode == 3
    (tmp_path / "note.txt").write_text("no media here")
    empty = run("detect", tmp_path)
    assert empty.returncode == 2
    assert len(empty.stderr.strip().splitlines()) == 1


def test_a_bad_bundle_is_one_line(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    done = run("detect", SAMPLES / "real" / "astronaut.jpg", "--model", tmp_path / "bad.onnx")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "bad.onnx" in done.stderr


def test_the_shipped_bundle_says_how_it_was_calibrated():
    from unmask.detect import load_bundle

    bundle = load_bundle()
    assert "video level not validated" in bundle.card.calibration.statement
    names = {measure.name for measure in bundle.card.results}
    assert {"AUC", "recall at specificity 0.83", "expected calibration error"} <= names
    assert all(measure.interval for measure in bundle.card.results)


def test_every_shared_clip_gets_a_report_with_faces(shared_data):
    from unmask.detect import Predictor, Settings

    predictor = Predictor(settings=Settings(frames=4))
    clips = sorted((shared_data / "clips").rglob("*.mp4"))
    assert len(clips) == 30
    for clip in clips:
        report = predictor.detect(clip)
        assert report.verdict, f"{clip.name}: {report.message}"
        assert report.faces


def test_the_shipped_bundle_ranks_validation_faces(shared_data):
    from unmask.data.sources import ingest
    from unmask.detect import Predictor
    from unmask.evaluation.metrics import auc_score
    from unmask.evaluation.scores import score_rows

    manifest, _ = ingest(shared_data / "dfdc-faces")
    sample = manifest.filter(manifest["split"] == "val").sample(240, seed=5)
    scores = score_rows(Predictor(), shared_data / "dfdc-faces", sample)
    scored = scores.drop_nulls("logit")
    assert len(scored) >= 0.97 * len(scores)
    assert auc_score(scored["label"].to_numpy(), scored["logit"].to_numpy()) > 0.8
