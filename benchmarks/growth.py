"""How the cost of `unmask detect` grows: with length, resolution, faces in a frame, and files.

    python benchmarks/growth.py [CLIP] [--out docs/cost.png]

One predictor, warm, analyses clips made of ``CLIP`` (a DFDC clip if it is there, else a sample's):
of 1080p from 10 s to ten minutes, and of 10 s from 360p to 4K; then 10 s of 1080p in which up to
eight portraits lie, see clips.py. The floor is decoding the same clip end to end with PyAV on all
cores; of the longest it is measured up to three minutes. The number of files is that of stills in a
folder that the command analyses, with one process and with two, its start included.

Each figure is the median of ``--repetitions`` turns, of the folders of one. The figures are printed
and drawn; no picture of a person is. Nothing else must run on the machine. Needs the extra train.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from clips import ROOT, SIZES, base_clip, compose, loop, scale
from detect import decode_all, in_child, machine
from faults import run
from throughput import Kind, fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

PICTURE = ROOT / "docs" / "cost.png"
LENGTHS = (10.0, 60.0, 180.0, 600.0)
FACES = (0, 1, 2, 4, 8)
FILES = (10, 30, 100, 300)
HEIGHT = 120.0
"""Height of each of several faces, pixels."""

LONGEST_FLOOR = 180.0
"""Longest clip of which the floor is measured, seconds."""


class Point(NamedTuple):
    """What one thing cost in seconds; ``floor``, if measured, is the other line of its panel."""

    at: float
    cost: float
    floor: float | None = None


class Growth(NamedTuple):
    """The points of one panel, what they are of, and what they are called."""

    title: str
    axis: str
    names: tuple[str, str]
    points: list[Point]
    places: tuple[str, ...]


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description="Measure how the cost of unmask detect grows.")
    parser.add_argument("clip", nargs="?", type=Path, help="clip that the others are made of")
    parser.add_argument("--out", type=Path, default=PICTURE, help="figure to write, a PNG")
    parser.add_argument("--repetitions", type=int, default=2)
    options = parser.parse_args()
    print(machine(), end="\n\n")
    measure(options.clip, options.out, options.repetitions)


def measure(
    clip: Path | None = None,
    out: Path = PICTURE,
    repetitions: int = 2,
    *,
    lengths: Sequence[float] = LENGTHS,
    sizes: Sequence[str] = tuple(SIZES),
    faces: Sequence[int] = FACES,
    files: Sequence[int] = FILES,
) -> list[Growth]:
    """Measure, print, draw and return the four panels."""
    pair = ("unmask detect", "decoding alone")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = in_child(base_clip, folder, clip)
        made = {size: in_child(scale, base, folder / f"{size}.mp4", *SIZES[size]) for size in sizes}
        short = made.get("1080p") or in_child(scale, base, folder / "s.mp4", *SIZES["1080p"])
        long = [in_child(loop, short, folder / f"{s:g}s.mp4", s) for s in lengths]
        drawn = [in_child(_compose, folder / f"{n}faces.mp4", n) for n in faces]
        floors = [each <= LONGEST_FLOOR for each in lengths]
        by_length = in_child(costs, long, lengths, floors, repetitions)
        pixels = [float(SIZES[size][0] * SIZES[size][1]) for size in sizes]
        by_size = in_child(costs, list(made.values()), pixels, [True] * len(sizes), repetitions)
        by_faces = in_child(costs, drawn, faces, [True] * len(faces), repetitions)
        by_files = [_folder(folder, count) for count in files]
    panels = [
        _growth("Length of a clip, 1080p", "seconds", pair, by_length),
        Growth("Resolution of a 10 s clip", "pixels of a frame", pair, by_size, tuple(sizes)),
        _growth("Faces in each frame, 10 s of 1080p", "faces", pair, by_faces),
        _growth("Stills in a folder", "files", ("one process", "two processes"), by_files),
    ]
    print(table(panels), flush=True)
    in_child(draw, panels, out)
    print(f"\n{out}", flush=True)
    return panels


def costs(
    clips: Sequence[Path], at: Sequence[float], floors: Sequence[bool], repetitions: int
) -> list[Point]:
    """Return what detect costs of each clip, and decoding where ``floors`` says so."""
    from unmask import Predictor

    predictor = Predictor()
    predictor.detect(clips[0])
    points = []
    for clip, place, wanted in zip(clips, at, floors, strict=True):
        spent = []
        for _ in range(repetitions):
            start = time.perf_counter()
            predictor.detect(clip)
            spent.append(time.perf_counter() - start)
        floor = median(decode_all(clip) for _ in range(repetitions)) if wanted else None
        points.append(Point(place, median(spent), floor))
    return points


def _compose(target: Path, faces: int) -> Path:
    return compose(target, [HEIGHT] * faces, SIZES["1080p"]).path


def _folder(folder: Path, count: int) -> Point:
    """Return what a folder of stills costs one process and two."""
    media, _ = fill(folder, folder, Kind(f"{count} stills", count, seconds=0), count)
    one, two = (
        run(media, media.with_suffix(".jsonl"), "--workers", str(workers))[1] for workers in (1, 2)
    )
    return Point(count, one, two)


def _growth(title: str, axis: str, names: tuple[str, str], points: list[Point]) -> Growth:
    return Growth(title, axis, names, points, tuple(f"{point.at:g}" for point in points))


def table(panels: list[Growth]) -> str:
    """Return the figures as a Markdown table."""
    lines = []
    for panel in panels:
        one, two = panel.names
        lines += ["", f"| {panel.title}: {panel.axis} | {one}, s | {two}, s |", "|---|---|---|"]
        for place, point in zip(panel.places, panel.points, strict=True):
            floor = "–" if point.floor is None else f"{point.floor:.2f}"
            lines.append(f"| {place} | {point.cost:.2f} | {floor} |")
    return "\n".join(lines[1:])


def draw(panels: list[Growth], out: Path) -> Path:
    """Draw the panels into one figure."""
    from unmask.plots import new_panels, save

    figure, axes = new_panels(2, 2, 8.6, 6.2)
    for panel, each in zip(panels, axes, strict=True):
        _panel(each, panel)
    return save(figure, out)


def _panel(axes: Axes, panel: Growth) -> None:
    """Draw one panel; where the places span twentyfold, both axes are logarithmic."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    from unmask.plots import FAKE, REAL

    for name, colour, marker, points in (
        (panel.names[0], REAL, "o", [(p.at, p.cost) for p in panel.points]),
        (panel.names[1], FAKE, "s", [(p.at, p.floor) for p in panel.points if p.floor is not None]),
    ):
        axes.plot(*zip(*points, strict=True), marker=marker, color=colour, markersize=5, label=name)
    places = [point.at for point in panel.points]
    if min(places) > 0 and max(places) >= 20 * min(places):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0)
    axes.set_xticks(places, panel.places)
    axes.set_title(panel.title, loc="left", fontsize=10)
    axes.set_xlabel(panel.axis)
    axes.set_ylabel("seconds")
    axes.legend(frameon=False, fontsize=9)


if __name__ == "__main__":
    main()
