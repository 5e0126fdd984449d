"""Recipes made so small that a test can train them."""

from __future__ import annotations

from unmask.training.recipes import RECIPES, Recipe, make_recipe

CROP = {"size": 64}
RANDOM = {"backbone": "test_efficientnet", "weights": "none"}
SMALL = {
    "frame": {
        "steps": 6,
        "epoch_steps": 2,
        "pairs": 2,
        "warmup": 2,
        "forged": 0.5,
        "sources": {"portraits": 1.0},
        **RANDOM,
    },
    "capstone-cnn": {"epochs": 3, "batch": 8, "channels": [4, 4, 8], "hidden": 8},
    "capstone-transfer": {"epochs": 3, "batch": 8, "hidden": 8, **RANDOM},
    "capstone-sequence": {"epochs": 3, "batch": 4, "lstm": 8, "hidden": 8, "length": 4, **RANDOM},
}


def tiny(name: str, **changes: object) -> Recipe:
    """Return a small version of a built-in recipe; one without an entry above is taken whole."""
    assert name in RECIPES
    return make_recipe({"recipe": name, "crop": CROP, **SMALL.get(name, {}), **changes}, name)
