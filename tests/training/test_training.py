"""Every recipe trains, resumes, exports and judges, and says what its run was made from."""

import json

import numpy as np
import polars as pl
import pytest
import torch

from tiny_recipes import tiny
from unmask.detect import Predictor, Settings, load_bundle
from unmask.errors import DataError, SettingError
from unmask.training.export import export
from unmask.training.module import Training
from unmask.training.recipes import RECIPES
from unmask.training.trainer import train

pytestmark = pytest.mark.train

NAMES = sorted(RECIPES)


def run(recipe, faces, out, **options):
    return train(recipe, [faces], out, workers=0, accelerator="cpu", **options)


def weights(folder):
    return torch.load(folder / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]


def assert_same_run(one, other):
    """Both runs have the same weights, within 1e-5, and the same history."""
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=1e-5, msg=name)
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


@pytest.fixture(scope="module")
def data_of(face_set, clip_set):
    """The face set that suits a recipe."""
    return lambda recipe: clip_set if recipe.input == "sequence" else face_set


@pytest.fixture(scope="module")
def finished(data_of, tmp_path_factory):
    """The folder of a whole run of a tiny recipe, by name; each is trained once."""
    done = {}

    def get(name):
        if name not in done:
            done[name] = tmp_path_factory.mktemp(name) / "run"
            recipe = tiny(name)
            assert run(recipe, data_of(recipe), done[name]) == done[name] / "best.ckpt"
        return done[name]

    return get


@pytest.fixture(scope="module")
def bundle_of(finished, tmp_path_factory):
    """The bundle of a run's last weights, by the name of its recipe; each is exported once."""
    done = {}

    def get(name):
        if name not in done:
            done[name] = tmp_path_factory.mktemp("bundle") / f"{name}.onnx"
            done[name].write_bytes(export([finished(name)], version="1", checkpoint="last.ckpt"))
        return done[name]

    return get


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_run_ends_in_the_weights_of_one_that_was_not(
    name, data_of, finished, tmp_path, monkeypatch
):
    step = Training.training_step
    recipe, calls = tiny(name), []
    rows = pl.read_parquet(data_of(recipe) / "faces-00000.parquet").filter(split="train")
    stop = 2 * recipe.total_steps(rows) // 3 + 1

    def dying(self, batch, number):
        calls.append(number)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "training_step", dying)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(recipe, data_of(recipe), tmp_path)
    assert len(pl.read_csv(tmp_path / "metrics.csv")) == 2
    run(recipe, data_of(recipe), tmp_path)
    assert_same_run(finished(name), tmp_path)


def test_another_recipe_goes_on_from_where_a_run_was_told_to_stop(face_set, tmp_path):
    run(tiny("frame", stop=4), face_set, tmp_path / "first")
    assert len(pl.read_csv(tmp_path / "first" / "metrics.csv")) == 2
    run(tiny("frame", stop=4), face_set, tmp_path / "first")  # given again, it does nothing
    assert len(pl.read_csv(tmp_path / "first" / "metrics.csv")) == 2
    last = tmp_path / "first" / "last.ckpt"
    saved = weights(last.parent)
    detector = tiny("frame").build()
    assert tiny("frame").load_weights(detector, last) == "run first, last.ckpt"
    for name, value in detector.state_dict().items():
        assert torch.equal(value, saved[f"average.module.{name}"]), name
    run(tiny("frame", seed=5), face_set, tmp_path / "second", weights=last)
    facts = json.loads((tmp_path / "second" / "recipe.json").read_text())
    assert facts["weights"] == "run first, last.ckpt"


@pytest.mark.parametrize("name", NAMES)
def test_a_run_leaves_its_history_and_what_it_was_made_from(name, data_of, finished):
    folder = finished(name)
    rows = pl.read_csv(folder / "metrics.csv")
    assert rows["epoch"].to_list() == [0, 1, 2]
    assert rows["dev_auc"].is_between(0, 1).all()
    for figure in ("history.png", "history-auc.png"):
        assert (folder / figure).read_bytes().startswith(b"\x89PNG")
    assert list((folder / "tensorboard").glob("events.*"))
    facts = json.loads((folder / "recipe.json").read_text())
    assert facts["recipe"]["recipe"] == name
    assert facts["recipe"]["crop"]["size"] == 64
    assert facts["weights"].startswith("none")
    assert facts["manifests"] == {data_of(RECIPES[name]).name: "0123"}
    assert len(facts["faces"]["sha256"]) == 64
    assert len(facts["code"]) == 1
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("name", NAMES)
def test_the_bundle_computes_what_the_network_computes(name, finished, bundle_of):
    recipe, folder, path = tiny(name), finished(name), bundle_of(name)
    assert b"site-packages" not in path.read_bytes()
    bundle = load_bundle(path)
    assert bundle.card.name == name
    assert bundle.card.calibration.statement.startswith("not calibrated")
    training = Training(recipe, recipe.build())
    training.load_state_dict(weights(folder))
    network = training.judged.eval()
    crops = list(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    with torch.no_grad():
        if recipe.input == "sequence":
            images = torch.cat([torch.full_like(images[:1], 99), images])  # one that is missing
            mask = torch.tensor([[False, True, True, True]])
            wanted = network(training.normalise(images[None]), mask)
            assert bundle.run_sequence(crops) == pytest.approx(float(wanted), abs=1e-4)
            assert bundle.run_sequence(crops[::-1]) != pytest.approx(float(wanted), abs=1e-6)
            return
        found = network(training.normalise(images))
    logits, cams = bundle.run(crops)
    one = bundle.run(crops[:1])[0]
    np.testing.assert_allclose(one, logits[:1], atol=1e-5)
    if isinstance(found, tuple):
        np.testing.assert_allclose(logits, found[0], atol=1e-4)
        np.testing.assert_allclose(cams, found[1], atol=1e-4)
        np.testing.assert_allclose(cams.mean((1, 2)) + network.bias.item(), logits, atol=1e-4)
    else:
        np.testing.assert_allclose(logits, found, atol=1e-4)
        assert cams is None


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_bundle_judges(name, bundle_of, pytestconfig):
    predictor = Predictor(bundle_of(name), Settings(frames=6))
    samples = pytestconfig.rootpath / "samples" / "real"
    report = predictor.detect(samples / "astronaut.mp4")
    assert report.verdict in {"real", "fake", "uncertain"}
    still = predictor.detect(samples / "astronaut.jpg")
    if RECIPES[name].input == "frame":
        assert still.verdict in {"real", "fake", "uncertain"}
        return
    (face,) = report.faces
    assert len(face.frames) == 4
    assert {frame.score for frame in face.frames} == {report.score}
    assert "one score for all their frames" in report.message
    assert still.abstention == "unsupported"
    assert still.score is None


def test_a_run_is_not_continued_with_another_recipe(face_set, finished):
    folder = finished("capstone-cnn")
    with pytest.raises(DataError, match="another recipe; use a new folder"):
        run(tiny("capstone-cnn", learning_rate=0.1), face_set, folder)


def test_a_finished_run_stays_as_it_is(face_set, finished):
    folder = finished("capstone-cnn")
    before = weights(folder)
    run(tiny("capstone-cnn"), face_set, folder)
    assert all(torch.equal(value, before[name]) for name, value in weights(folder).items())
    assert len(pl.read_csv(folder / "metrics.csv")) == 3


def test_training_stops_early_and_a_stopped_run_stays_stopped(face_set, tmp_path):
    changes = {"learning_rate": 1e-12, "patience": 2, "monitor": "dev_auc", "epochs": 9}
    for _ in range(2):
        run(tiny("capstone-cnn", **changes), face_set, tmp_path)
        assert pl.read_csv(tmp_path / "metrics.csv")["epoch"].to_list() == [0, 1, 2]


def test_gradients_are_accumulated(face_set, tmp_path):
    """24 crops in batches of 8 with 2 to a step are 2 steps an epoch, the last of one batch."""
    run(tiny("capstone-cnn", accumulate=2), face_set, tmp_path)
    assert pl.read_csv(tmp_path / "metrics.csv")["step"].to_list() == [2, 4, 6]


def test_a_frozen_backbone_is_not_touched_and_its_features_are_those_of_use(face_set, tmp_path):
    recipe = tiny("capstone-transfer", strength={}, epochs=1)
    assert not recipe.cached
    run(recipe, face_set, tmp_path)
    torch.manual_seed(recipe.seed)
    fresh = recipe.build().state_dict()
    after = weights(tmp_path)
    for name, value in fresh.items():
        same = torch.equal(after[f"detector.{name}"], value)
        assert same == name.startswith("backbone."), name


def test_features_computed_once_train_the_head_as_those_computed_each_time(face_set, tmp_path):
    recipe = tiny("capstone-transfer", epochs=1, precision="32-true", dropout=0)
    assert recipe.cached
    run(recipe, face_set, tmp_path / "once")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(recipe), "cached", property(lambda _: False))
        run(recipe, face_set, tmp_path / "each")
    assert_same_run(tmp_path / "once", tmp_path / "each")


@pytest.mark.parametrize(("split", "label"), [("dev", 0), ("dev", 1), ("train", 0), ("train", 1)])
def test_a_split_without_reals_or_fakes_is_refused(face_set, tmp_path, split, label):
    faces = pl.read_parquet(face_set / "faces-00000.parquet")
    faces = faces.filter((pl.col("split") != split) | (pl.col("label") != label))
    faces.write_parquet(tmp_path / "faces-00000.parquet")
    pl.DataFrame().write_parquet(tmp_path / "failures.parquet")
    with pytest.raises(DataError, match=f"reals and fakes of split '{split}'"):
        run(tiny("capstone-cnn"), tmp_path, tmp_path / "run")


def test_no_run_no_bundle(tmp_path, finished):
    with pytest.raises(DataError, match="not a training run"):
        export([tmp_path], version="1")
    with pytest.raises(DataError, match="no such checkpoint"):
        export([finished("capstone-cnn")], version="1", checkpoint="worst.ckpt")


def test_a_run_that_diverges_says_so(face_set, tmp_path):
    recipe = tiny("capstone-cnn", learning_rate=1e30, clip=0, precision="32-true")
    with pytest.raises(SettingError, match="diverged"):
        run(recipe, face_set, tmp_path)


def test_a_mean_of_runs_shows_each_the_size_that_it_learned_on(face_set, finished, tmp_path):
    larger = tiny("frame", crop={"size": 96}, steps=2, epoch_steps=2)
    run(larger, face_set, tmp_path / "larger")
    (tmp_path / "mean.onnx").write_bytes(
        export([finished("frame"), tmp_path / "larger"], version="1")
    )
    bundle = load_bundle(tmp_path / "mean.onnx")
    assert bundle.card.crop.size == 96
    pixels = np.random.default_rng(0).integers(0, 255, (2, 96, 96, 3), np.uint8)
    logits, cams = bundle.run(list(pixels))
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    parts = []
    for folder, recipe in ((finished("frame"), tiny("frame")), (tmp_path / "larger", larger)):
        detector = recipe.build().eval()
        recipe.load_weights(detector, folder / "best.ckpt")
        size = recipe.crop.size
        with torch.no_grad():
            seen = torch.nn.functional.interpolate(batch, (size, size), mode="bilinear")
            parts.append((detector(seen)[0].numpy(), float(detector.bias)))
    assert np.ptp([part[0][0] for part in parts]) > 1e-3  # two detectors that differ
    np.testing.assert_allclose(logits, np.mean([part[0] for part in parts], axis=0), atol=1e-4)
    bias = np.mean([part[1] for part in parts])
    np.testing.assert_allclose(cams.mean((1, 2)) + bias, logits, atol=1e-4)


def test_a_mean_of_runs_that_see_other_places_is_refused(face_set, finished, tmp_path):
    other = tiny("frame", crop={"size": 64, "eye_mouth": 0.3}, steps=2, epoch_steps=2)
    run(other, face_set, tmp_path)
    with pytest.raises(DataError, match="sees other crops"):
        export([finished("frame"), tmp_path], version="1")
