"""Load a bundle, score faces, and say what the scores mean."""

from unmask.detect.bundle import Bundle, list_bundles, load_bundle
from unmask.detect.card import Card
from unmask.detect.predictor import Predictor
from unmask.detect.run import detect, detect_many
from unmask.detect.settings import Settings

__all__ = [
    "Bundle",
    "Card",
    "Predictor",
    "Settings",
    "detect",
    "detect_many",
    "list_bundles",
    "load_bundle",
]
