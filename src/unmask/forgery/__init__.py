"""Forgeries made from real faces: what detectors learn from, and what demos and tests show."""

from unmask.forgery import self_blend
from unmask.forgery.base import FORGERIES, Donor, Forged, Forgery, forge, forge_clip

__all__ = [
    "FORGERIES",
    "Donor",
    "Forged",
    "Forgery",
    "forge",
    "forge_clip",
    "self_blend",
]
