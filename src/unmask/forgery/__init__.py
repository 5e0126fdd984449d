"""Forgeries made from real faces: what detectors learn from, and what demos and tests show.

To add one, add a file with a class like those here, enter it in :data:`FORGERIES` at its end and
import the file below; the contract tests then run over it.
"""

from unmask.forgery import cross_blend, face_swap, region_blend, resample_mismatch, self_blend
from unmask.forgery.base import FORGERIES, Donor, Forged, Forgery, forge, forge_clip
from unmask.forgery.contact_sheet import contact_sheet
from unmask.forgery.cross_blend import nearest_donor

__all__ = [
    "FORGERIES",
    "Donor",
    "Forged",
    "Forgery",
    "contact_sheet",
    "forge",
    "forge_clip",
    "nearest_donor",
]

del cross_blend, face_swap, region_blend, resample_mismatch, self_blend  # imported to register
