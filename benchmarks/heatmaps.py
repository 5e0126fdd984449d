"""Do the heat maps show what the score rests on? Regions are removed, and the score is taken anew.

    python benchmarks/heatmaps.py DATA [--model FILE] [--limit 240] [--share 0.1] [--fill mean]

``DATA`` is a dataset with real and fake faces in split ``val`` (``--split``), such as
``dfdc-faces``. Of the largest face of each picture, square regions of one size are removed from
the crop in turn, by filling them with the mean colour of the crop (``--fill mean``) or with what a
strong blur leaves (``--fill blur``), and the crop is scored again:

- **hottest**: where the map speaks most for fake; **coldest**: where it does so least;
- **random, on the face**: ``--draws`` places whose middle lies on the face's hull;
- **random, anywhere**: as many anywhere in the crop.

A map is faithful if removing the hottest region moves the logit more than removing a random one,
and lowers it; and if removing the coldest raises it. Prints, as Markdown, the mean change of the
logit for each kind of region, and how much further the two ends of the map move it than random
regions of the same face do: in size, and in the direction that the map tells. Reals and fakes are
told apart. Intervals are 95 %, from bootstrapping people. ``--out FILE.png`` draws the changes.
Random regions may overlap the two ends, which makes the comparison stricter. Needs the extra train.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import polars as pl

from unmask.detect import Predictor, Settings
from unmask.detect.look import SeenFace, look
from unmask.errors import MediaError
from unmask.evaluation.metrics import resample
from unmask.evaluation.occlude import face_hull
from unmask.evaluation.rescore import pictures, sample_families
from unmask.evaluation.scores import Dataset, open_dataset
from unmask.faces import FINDERS, AtOnce
from unmask.plots import FAKE, NEUTRAL, REAL, new_figure, save
from unmask.types import Crop, Frame

if TYPE_CHECKING:
    import numpy.typing as npt

    from unmask.types import Image

    Floats = npt.NDArray[np.float64]

HOTTEST, COLDEST, ON_FACE, ANYWHERE = REMOVED = (
    "hottest",
    "coldest",
    "random, on the face",
    "random, anywhere",
)
LABELS = {"real": 0, "fake": 1}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure whether heat maps are faithful.")
    parser.add_argument("data", type=Path, help="a dataset of faces")
    parser.add_argument("--model", help="name of a shipped model, or a model file")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=240, help="pictures, half of them fake")
    parser.add_argument("--share", type=float, default=0.1, help="of the crop that is removed")
    parser.add_argument("--fill", choices=("mean", "blur"), default="mean")
    parser.add_argument("--draws", type=int, default=3, help="random regions of each kind a face")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE.png", help="write a figure")
    options = parser.parse_args()
    predictor = Predictor(options.model, Settings())
    data = sample_families(
        open_dataset(options.data, (options.split,)), options.limit, options.seed
    )
    moved = measure(predictor, data, options)
    model = predictor.identity
    counts = {name: int((moved["label"] == label).sum()) for name, label in LABELS.items()}
    print(
        f"{model.name} {model.version} ({model.sha256[:12]}), {options.data.name}, split "
        f"{options.split}: {counts['real']} real and {counts['fake']} fake faces of "
        f"{moved['person'].n_unique()} people; {len(data.rows) - len(moved)} without a face to "
        f"score.\nRegions of {options.share:.0%} of the crop, filled: {options.fill}; "
        f"{options.draws} random draws of each kind; seed {options.seed}.\n"
    )
    tell_changes(moved)
    tell_comparison(moved)
    if options.out:
        print(f"\nfigure: {draw(moved, options.out)}")


def measure(predictor: Predictor, data: Dataset, options: argparse.Namespace) -> pl.DataFrame:
    """Return for each face the change of its logit: columns of `REMOVED`, means over draws, and
    the mean sizes of the changes, as ``|…|``."""
    rng = np.random.default_rng(options.seed)
    finder = FINDERS[predictor.settings.finder](threads=1)
    rows: list[dict[str, Any]] = []
    for row in data.rows.partition_by("video_id", "path"):
        try:
            frames = (Frame(0.0, image) for image in pictures(predictor, data.root, row))
            seen = look(frames, finder, predictor.card.crop, predictor.settings, AtOnce())
            faces = [frame.faces[0] for frame in seen if frame.faces]
        except MediaError:
            faces = []
        person = row["identity"][0] or row["group_id"][0]
        for face in faces[:1]:
            changes = remove(predictor, face, options, rng)
            rows.append({"person": person, "label": row["label"][0], **changes})
    return pl.DataFrame(rows)


def remove(
    predictor: Predictor, face: SeenFace, options: argparse.Namespace, rng: np.random.Generator
) -> dict[str, float]:
    """Return the changes of the logit of one face."""
    crop = face.crop
    (whole,), cams = predictor.score_crops([face])
    if cams is None:
        raise SystemExit(f"{predictor.identity.name} has no heat maps (no output `cam`)")
    size = len(crop.image)
    regions = choose(cams[0], hull_of(face), options, rng)
    filled = (
        np.broadcast_to(crop.image.mean(axis=(0, 1)).round().astype(np.uint8), crop.image.shape)
        if options.fill == "mean"
        else np.asarray(cv2.GaussianBlur(crop.image, (0, 0), size / 10))
    )
    places = [(kind, place) for kind, found in regions.items() for place in found]
    hidden = [fill(crop.image, filled, place) for _, place in places]
    logits, _ = predictor.score_crops(
        [replace(face, crop=Crop(image, crop.transform, crop.border)) for image in hidden]
    )
    changes: dict[str, list[float]] = {kind: [] for kind in REMOVED}
    for (kind, _), logit in zip(places, logits, strict=True):
        changes[kind].append(logit - whole)
    return {
        **{kind: float(np.mean(values)) for kind, values in changes.items()},
        **{f"|{kind}|": float(np.mean(np.abs(values))) for kind, values in changes.items()},
    }


@dataclass(frozen=True)
class Region:
    """A square of the crop, pixels."""

    top: int
    left: int
    side: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Where it lies in a picture."""
        return slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)


def choose(
    cam: npt.NDArray[np.float32],
    hull: npt.NDArray[np.bool_],
    options: argparse.Namespace,
    rng: np.random.Generator,
) -> dict[str, list[Region]]:
    """Return the regions of each kind, all of one size."""
    size = len(hull)
    side = max(1, round(size * options.share**0.5))
    smooth = cv2.resize(cam, (size, size), interpolation=cv2.INTER_CUBIC)
    # The mean of the map over the region at each place: the corner of its integral image.
    sums = cv2.integral(smooth.astype(np.float64))
    heat = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]

    def at(place: int) -> Region:
        top, left = divmod(place, heat.shape[1])
        return Region(top, left, side)

    middles = hull[side // 2 :, side // 2 :][: heat.shape[0], : heat.shape[1]]
    on_face = np.flatnonzero(middles)
    draws = options.draws
    return {
        HOTTEST: [at(int(heat.argmax()))],
        COLDEST: [at(int(heat.argmin()))],
        ON_FACE: [at(int(place)) for place in rng.choice(on_face, draws)],
        ANYWHERE: [at(int(place)) for place in rng.integers(heat.size, size=draws)],
    }


def hull_of(face: SeenFace) -> npt.NDArray[np.bool_]:
    """Return where the face lies in its crop."""
    turn, move = face.crop.transform[:, :2], face.crop.transform[:, 2]
    return face_hull(face.face.landmarks @ turn.T + move, len(face.crop.image))


def fill(image: Image, filled: Image, region: Region) -> Image:
    """Return the crop with one region taken from ``filled``."""
    hidden = image.copy()
    hidden[region.slices] = filled[region.slices]
    return hidden


def tell_changes(moved: pl.DataFrame) -> None:
    """Print the mean change for each kind of region."""
    print("| faces | removed | change of the logit | 95 % | size of the change | 95 % |")
    print("|---|---|---|---|---|---|")
    for name, label in LABELS.items():
        rows = moved.filter(pl.col("label") == label)
        for kind in REMOVED if len(rows) else ():
            change, size = mean_of(rows, pl.col(kind)), mean_of(rows, pl.col(f"|{kind}|"))
            print(f"| {name} | {kind} | {text(*change)} | {text(*size)} |")


def tell_comparison(moved: pl.DataFrame) -> None:
    """Print how much further the two ends of the map move the logit than random regions do."""
    print("\n| faces | removed | against | moves it further, by | 95 % |", end="")
    print(" lowers it further, by | 95 % | further down in | 95 % |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in (*LABELS, "all"):
        rows = moved if name == "all" else moved.filter(pl.col("label") == LABELS[name])
        for kind in (HOTTEST, COLDEST) if len(rows) else ():
            for other in (ON_FACE, ANYWHERE):
                size = pl.col(f"|{kind}|") - pl.col(f"|{other}|")
                down = pl.col(other) - pl.col(kind)
                found = (size, down, (down > 0).cast(pl.Float64))
                cells = " | ".join(text(*mean_of(rows, each)) for each in found)
                print(f"| {name} | {kind} | {other} | {cells} |")


def mean_of(rows: pl.DataFrame, values: pl.Expr) -> tuple[float, float, float]:
    """Return a mean over faces and its interval, people resampled."""
    found: Floats = rows.select(values).to_series().to_numpy()
    people = rows["person"].to_numpy().astype(np.str_)
    drawn = [weights @ found / weights.sum(axis=1) for weights in resample(people)]
    low, high = np.percentile(np.concatenate(drawn), (2.5, 97.5))
    return float(found.mean()), float(low), float(high)


def text(value: float, low: float, high: float) -> str:
    """Return a figure and its interval as two cells."""
    return f"{value:.2f} | {low:.2f} to {high:.2f}"


def draw(moved: pl.DataFrame, path: Path) -> Path:
    """Write the changes, with their intervals, as a figure."""
    figure, axes = new_figure(6.4, 2.6)
    for (name, label), colour, shift in zip(
        LABELS.items(), (REAL, FAKE), (-0.12, 0.12), strict=True
    ):
        rows = moved.filter(pl.col("label") == label)
        if not len(rows):
            continue
        found = [mean_of(rows, pl.col(kind)) for kind in REMOVED]
        means = np.array([each[0] for each in found])
        ends = np.array([[each[0] - each[1], each[2] - each[0]] for each in found]).T
        places = np.arange(len(REMOVED)) + shift
        axes.errorbar(means, places, xerr=ends, fmt="o", color=colour, label=name, capsize=2)
    axes.axvline(0, color=NEUTRAL, linewidth=0.8)
    axes.set_yticks(range(len(REMOVED)), REMOVED)
    axes.invert_yaxis()
    axes.set_xlabel("mean change of the logit when the region is removed, 95 % over people")
    axes.legend(frameon=False)
    return save(figure, path)


if __name__ == "__main__":
    main()
