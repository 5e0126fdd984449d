"""One look for all figures. Needs the extra ``train``, like everything that draws."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

REAL: Final = "#0072b2"
FAKE: Final = "#d55e00"
NEUTRAL: Final = "#555555"
COLOURS: Final = (REAL, FAKE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", NEUTRAL)
"""Told apart by colour-blind readers (Okabe and Ito, "Color Universal Design", 2008)."""


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """Return a figure of ``width`` by ``height`` inches and its axes, without top and right frame.

    No display and no state: the figure belongs to the caller, and `save` writes it.
    """
    figure, (axes,) = new_panels(1, 1, width, height)
    return figure, axes


def new_panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure like that of `new_figure` with several axes, row by row."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_prop_cycle(color=COLOURS)
        axes.grid(visible=True, color="#e6e6e6", linewidth=0.8)
        axes.set_axisbelow(True)
    return figure, panels


def save(figure: Figure, path: Path) -> Path:
    """Write the figure as a PNG file, the same bytes for the same figure; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", metadata={"Software": None})
    return path
