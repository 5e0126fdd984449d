"""A bundle in 8 bits says what the one in floating point says, on every processor."""

import cv2
import numpy as np
import onnx
import polars as pl
import pytest

from tiny_recipes import tiny
from unmask.detect import load_bundle
from unmask.errors import DataError, SettingError
from unmask.faces import crop_face
from unmask.training.export import export
from unmask.training.int8 import kept, to_int8
from unmask.training.pairs import pictures
from unmask.training.trainer import train

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def run(face_set, tmp_path_factory):
    """A run of the tiny recipe ``frame``."""
    folder = tmp_path_factory.mktemp("frame") / "run"
    train(tiny("frame"), [face_set], folder, workers=0, accelerator="cpu")
    return folder


@pytest.fixture(scope="module")
def bundles(run, face_set, tmp_path_factory):
    """Its bundles: in floating point and in 8 bits."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, options in (("plain", {}), ("int8", {"int8": [face_set]})):
        (folder / f"{name}.onnx").write_bytes(export([run], version="1", **options))
    return folder / "plain.onnx", folder / "int8.onnx"


@pytest.fixture(scope="module")
def crops(face_set):
    """Crops of faces that took no part in training."""
    rows = pl.read_parquet(face_set / "faces-00000.parquet").filter(split="dev")
    found = [crop_face(*each.decode(), tiny("frame").crop).image for each in pictures(rows)]
    assert len(found) > 4
    return found


def test_it_says_the_same_in_less_room(bundles, crops):
    plain, small = (load_bundle(path) for path in bundles)
    one, cams = plain.run(crops)
    other, maps = small.run(crops)
    assert not np.array_equal(one, other)
    assert np.corrcoef(one, other)[0, 1] > 0.95
    assert maps.shape == cams.shape
    assert np.ptp(other - maps.mean((1, 2))) < 1e-6
    assert bundles[1].stat().st_size < 0.6 * bundles[0].stat().st_size
    assert "training crops of" in small.card.training["8 bits"]
    assert small.card.crop == plain.card.crop


def test_it_says_the_same_where_the_processor_does_not_multiply_in_8_bits(
    bundles, crops, monkeypatch
):
    wanted = load_bundle(bundles[1]).run(crops)[0]
    monkeypatch.setattr(cv2, "checkHardwareSupport", lambda _: False)
    np.testing.assert_allclose(load_bundle(bundles[1]).run(crops)[0], wanted, atol=1e-4)


def test_the_first_convolutions_and_the_last_stay_as_they_are(bundles):
    plain, small = (onnx.load(path).graph for path in bundles)
    convolutions = [node for node in plain.node if node.op_type == "Conv"]
    names = [node.name for node in convolutions]
    assert [name for name in kept(plain) if name in names] == [*names[:3], names[-1]]
    made = {name: node.op_type for node in small.node for name in node.output}
    floating = [
        node.name
        for node in small.node
        if node.op_type == "Conv" and made.get(node.input[1]) != "DequantizeLinear"
    ]
    assert floating == [*names[:3], names[-1]]
    assert plain.node[-1].name in kept(plain)


def test_scores_that_8_bits_change_too_much_are_refused(bundles):
    rng = np.random.default_rng(0)
    ranges = 1e-3 * rng.standard_normal((8, 3, 64, 64))  # nearly grey: all else is cut off
    others = rng.standard_normal((8, 3, 64, 64))
    with pytest.raises(DataError, match=r"correlation of .* export without"):
        to_int8(bundles[0].read_bytes(), np.concatenate((ranges, others)).astype(np.float32))


def test_half_precision_and_8_bits_exclude_each_other(run, face_set):
    with pytest.raises(SettingError, match="--int8 or --half"):
        export([run], version="1", half=True, int8=[face_set])


def test_sequences_are_not_in_8_bits(clip_set, tmp_path):
    train(tiny("capstone-sequence", epochs=1), [clip_set], tmp_path, workers=0, accelerator="cpu")
    with pytest.raises(DataError, match="single frames"):
        export([tmp_path], version="1", int8=[clip_set])


def test_ranges_need_faces_to_train_on(run, face_set, tmp_path):
    faces = pl.read_parquet(face_set / "faces-00000.parquet").filter(split="dev")
    faces.write_parquet(tmp_path / "faces-00000.parquet")
    pl.DataFrame().write_parquet(tmp_path / "failures.parquet")
    with pytest.raises(DataError, match="split 'train'"):
        export([run], version="1", int8=[tmp_path])
