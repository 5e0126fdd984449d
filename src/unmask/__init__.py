"""Tell real faces from deepfakes in images and video.

>>> import unmask
>>> report = unmask.detect("clip.mp4")  # doctest: +SKIP
>>> report.verdict, report.probability  # doctest: +SKIP
('fake', 0.97)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unmask.detect import Predictor, Settings, detect
    from unmask.errors import UnmaskError
    from unmask.types import Report

__version__ = "0.1.0"

_HOMES = {
    "Predictor": "unmask.detect",
    "Report": "unmask.types",
    "Settings": "unmask.detect",
    "UnmaskError": "unmask.errors",
    "detect": "unmask.detect",
}

__all__ = ["Predictor", "Report", "Settings", "UnmaskError", "__version__", "detect"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import unmask`` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'unmask' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
