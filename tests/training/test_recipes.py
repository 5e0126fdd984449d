"""Recipes are read strictly and say what is wrong."""

import json

import pytest

pytest.importorskip("torch")

from unmask.errors import RegistryError, SettingError
from unmask.training.recipes import RECIPES, read_recipe

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_resolved_recipe_reads_back_as_itself(name, tmp_path):
    recipe = read_recipe(name)
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"recipe": name, **recipe.model_dump(mode="json")}))
    assert read_recipe(str(path)) == recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_choice_is_documented(name):
    kind = RECIPES[name]
    documents = "".join(base.__doc__ or "" for base in kind.__mro__ if base is not object)
    for choice in kind.model_fields:
        assert f"        {choice}: " in documents, choice


def test_json_and_toml_files_change_choices(tmp_path):
    path = tmp_path / "mine.json"
    choices = {"recipe": "frame", "steps": 1000, "crop": {"size": 96}, "strength": {"jpeg": 0.1}}
    path.write_text(json.dumps(choices))
    recipe = read_recipe(str(path), ["crop.eye_mouth=0.4", "backbone=resnet18", "schedule=cosine"])
    assert (recipe.steps, recipe.crop.size, recipe.strength.jpeg) == (1000, 96, 0.1)
    assert (recipe.crop.eye_mouth, recipe.backbone, recipe.schedule) == (0.4, "resnet18", "cosine")
    path = tmp_path / "mine.toml"
    path.write_text('recipe = "capstone-cnn"\nbatch_norm = true\n[crop]\nsize = 96\n')
    recipe = read_recipe(str(path))
    assert (recipe.name, recipe.batch_norm, recipe.crop.size) == ("capstone-cnn", True, 96)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"recipe": "frame", "step": 1}', "no such choice: step"),
        ('{"recipe": "frame", "strength": {"jpg": 1}}', r"no such choice: strength\.jpg"),
        ('{"steps": 400}', "must name the recipe that it starts from"),
        ("{", "not a readable recipe"),
        ("[]", "must hold an object"),
        ('{"recipe": "frame", "forged": 1.5}', "forged: .*less than or equal to 1"),
        ('{"recipe": "frame", "steps": 401}', "multiple of epoch_steps"),
        ('{"recipe": "capstone-cnn", "balance": "half"}', "balance: "),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path, text, message):
    path = tmp_path / "recipe.json"
    path.write_text(text)
    with pytest.raises(SettingError, match=message) as error:
        read_recipe(str(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_names_and_changes():
    with pytest.raises(RegistryError, match="did you mean 'capstone-cnn'"):
        read_recipe("capstone-cn")
    with pytest.raises(SettingError, match="key=value"):
        read_recipe("frame", ["steps"])
    with pytest.raises(SettingError, match="has no parts"):
        read_recipe("frame", ["steps=1", "steps.more=2"])


def test_the_rate_rises_stays_and_falls():
    recipe = read_recipe("frame", ["warmup=100", "decay=0.5"])
    rates = [recipe.rate(step, 1000) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == rates[400] == 1.0
    assert rates[750] == pytest.approx(0.5)
    assert rates[-1] == 0.0


def test_the_rate_may_stay_or_follow_a_cosine():
    constant = read_recipe("capstone-cnn", ["schedule=constant", "warmup=10"])
    assert constant.rate(4, 100) == pytest.approx(0.5)
    assert constant.rate(10, 100) == constant.rate(99, 100) == 1.0
    cosine = read_recipe("capstone-cnn", ["schedule=cosine", "warmup=0"])
    assert [cosine.rate(step, 100) for step in (0, 50, 100)] == pytest.approx([1.0, 0.5, 0.0])
