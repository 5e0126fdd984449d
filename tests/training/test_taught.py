"""Detectors that other runs teach."""

import json

import lightning
import pytest
import torch

from tiny_recipes import tiny
from unmask.errors import DataError, SettingError
from unmask.training.ensemble import read_teachers
from unmask.training.module import Training
from unmask.training.trainer import train

pytestmark = pytest.mark.train


def run(recipe, faces, out, **options):
    return train(recipe, [faces], out, workers=0, accelerator="cpu", **options)


@pytest.fixture(scope="module")
def teachers(face_set, tmp_path_factory):
    """Two runs whose crops differ in size."""
    folders = [tmp_path_factory.mktemp("runs") / f"teacher-{size}" for size in (64, 96)]
    for folder, size in zip(folders, (64, 96), strict=True):
        recipe = tiny("frame", crop={"size": size}, steps=2, epoch_steps=2, seed=size)
        run(recipe, face_set, folder)
    return folders


def loss_of(recipe, teacher, labels):
    torch.manual_seed(0)
    training = Training(recipe, recipe.build(), teacher=teacher)
    training.trainer = lightning.Trainer(logger=False)
    training.log = lambda *_, **__: None  # which is for runs alone
    crops = torch.randint(0, 256, (2, 2, 3, 64, 64), dtype=torch.uint8)
    return training.training_step([crops, torch.zeros(2, 2, 2, 2), labels], 0).detach()


def test_what_is_wholly_taught_asks_the_teachers_and_no_label(teachers):
    labels = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    for taught, same in ((1.0, True), (0.5, False)):
        recipe = tiny("frame", taught=taught, locate=0.0)
        teacher, _ = read_teachers(recipe, teachers)
        losses = [loss_of(recipe, teacher, each) for each in (labels, labels.flip(1))]
        assert torch.equal(*losses) is same


def test_a_taught_run_says_by_whom_and_saves_none_of_them(teachers, face_set, tmp_path):
    run(tiny("frame", taught=0.5), face_set, tmp_path, teachers=teachers)
    told = json.loads((tmp_path / "recipe.json").read_text())["weights"]
    assert told.startswith("none")
    assert "taught by teacher-64 (" in told
    assert "teacher-96 (" in told
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    assert {name.split(".")[0] for name in saved} == {"detector", "average"}
    with pytest.raises(DataError, match="another weights"):
        run(tiny("frame", taught=0.5), face_set, tmp_path, teachers=teachers[:1])


def test_teachers_and_a_recipe_that_is_taught_go_together(teachers, face_set, tmp_path):
    for recipe, given in ((tiny("frame"), teachers), (tiny("frame", taught=0.5), [])):
        with pytest.raises(SettingError, match="go together"):
            run(recipe, face_set, tmp_path, teachers=given)
    with pytest.raises(SettingError, match="cannot be taught"):
        run(tiny("capstone-transfer", taught=0.5), face_set, tmp_path, teachers=teachers)
    other = tiny("frame", taught=0.5, crop={"size": 64, "eye_mouth": 0.3})
    with pytest.raises(DataError, match="it cannot teach"):
        run(other, face_set, tmp_path, teachers=teachers)
    assert not list(tmp_path.iterdir())
