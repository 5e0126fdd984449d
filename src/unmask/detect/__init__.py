"""Load a bundle, score faces, and say what the scores mean."""

import sys
from pathlib import Path
from types import ModuleType

from unmask.detect.bundle import Bundle, list_bundles, load_bundle
from unmask.detect.card import Card
from unmask.detect.parts import detect_into
from unmask.detect.predictor import Predictor
from unmask.detect.run import detect, detect_many, judge
from unmask.detect.settings import Settings
from unmask.types import Report

__all__ = [
    "Bundle",
    "Card",
    "Predictor",
    "Settings",
    "detect",
    "detect_into",
    "detect_many",
    "judge",
    "list_bundles",
    "load_bundle",
]


class _Room(ModuleType):
    """This room, once imported, takes the place of the function `unmask.detect`: both have one
    name. So the room is callable, as the function that its users mean."""

    def __call__(
        self, path: str | Path, model: str | Path | None = None, settings: Settings | None = None
    ) -> Report:
        return detect(path, model, settings)


sys.modules[__name__].__class__ = _Room
