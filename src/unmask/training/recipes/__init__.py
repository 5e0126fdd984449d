"""One file a recipe: every choice of a training run in one typed value.

To add one, add a file with a class like those here and enter it in `RECIPES` below; the contract
tests then run over it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from unmask.errors import SettingError
from unmask.registry import Registry
from unmask.training.recipes.base import Recipe
from unmask.training.recipes.capstone_cnn import CapstoneCnnRecipe
from unmask.training.recipes.capstone_sequence import CapstoneSequenceRecipe
from unmask.training.recipes.capstone_transfer import CapstoneTransferRecipe
from unmask.training.recipes.frame import FrameRecipe

__all__ = ["RECIPES", "Recipe", "make_recipe", "read_recipe"]

RECIPES: Final[Registry[type[Recipe]]] = Registry("recipe")
for _recipe in (FrameRecipe, CapstoneCnnRecipe, CapstoneTransferRecipe, CapstoneSequenceRecipe):
    RECIPES.register(_recipe.name)(_recipe)


def read_recipe(source: str, changes: Sequence[str] = ()) -> Recipe:
    """Return a recipe.

    Args:
        source: name of a built-in recipe, or a JSON or TOML file whose key ``recipe`` names the
            one it starts from and whose other keys are the choices that differ.
        changes: further choices, each ``key=value``; ``crop.size=96`` reaches into a part. Values
            are JSON, or else text.

    Raises:
        RegistryError: there is no such recipe.
        SettingError: the file cannot be read, or a choice is unknown or not allowed.
    """
    choices: dict[str, Any] = {"recipe": source}
    path = Path(source)
    if path.suffix in {".json", ".toml"}:
        choices = _read(path)
        if not isinstance(choices.get("recipe"), str):
            raise SettingError(
                f'{source}: must name the recipe that it starts from, such as "recipe": "frame"'
            )
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise SettingError(f"--set takes key=value. Got {change}")
        _put(choices, key.split("."), _value(text))
    return make_recipe(choices, source)


def make_recipe(choices: Mapping[str, Any], origin: str) -> Recipe:
    """Return the recipe that ``choices["recipe"]`` names, with the other choices.

    Raises:
        RegistryError: there is no such recipe.
        SettingError: a choice is unknown or not allowed; ``origin`` is named.
    """
    kind = RECIPES[choices["recipe"]]
    try:
        return kind.model_validate({k: v for k, v in choices.items() if k != "recipe"})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
            known = ", ".join(sorted(kind.model_fields))
            raise SettingError(f"{origin}: no such choice: {place} (known: {known})") from error
        raise SettingError(f"{origin}: {place or kind.name}: {first['msg']}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: not a readable recipe ({error})") from error
    if not isinstance(content, dict):
        raise SettingError(f"{path}: must hold an object of choices. Got {type(content).__name__}")
    return content


def _put(choices: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        part = choices.setdefault(key, {})
        if not isinstance(part, dict):
            raise SettingError(f"{key} has no parts; leave out .{keys[-1]}")
        choices = part
    choices[keys[-1]] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
