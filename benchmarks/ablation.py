"""What each part of the recipe `frame` buys, and what more people would: small runs, side by side.

    python benchmarks/ablation.py DATA FACES... [--work runs/ablation] [--steps 800] [--size 96]

``FACES`` are face sets of `unmask data prepare`, ``DATA`` the folder with the datasets they came
from. Every variant is the recipe with one choice changed, on a small crop and backbone, so that a
run takes minutes on a CPU; a difference of less than about .01 means little. All is measured on
``dev``, people that no run trains on: the dataset's own fakes, and forgeries of real faces, those
that were lessons and those that were not, by `benchmarks/forgeries.py`. Runs that are finished are
not repeated. Prints one table, as Markdown. Needs the extra train.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from forgeries import area, forged
from unmask.detect import Predictor, Settings
from unmask.evaluation.scores import open_manifest
from unmask.training.export import export
from unmask.training.recipes import make_recipe
from unmask.training.trainer import train

if TYPE_CHECKING:
    from collections.abc import Sequence

BLENDS = {"self_blend": 0.5, "region_blend": 0.5}
SWAPS = {"cross_blend": 0.4, "face_swap": 0.4, "resample_mismatch": 0.2}

VARIANTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    # name: (choices, of which steps is a multiple of --steps; forgeries that are a lesson)
    "the recipe": ({}, {*BLENDS, *SWAPS}),
    "no grafts": ({"grafted": 0.0}, {*BLENDS, *SWAPS}),
    "no forgeries": ({"forged": 0.0}, set()),
    "forgeries alone": ({"forged": 1.0}, {*BLENDS, *SWAPS}),
    "blends alone": ({"forgeries": BLENDS}, {*BLENDS}),
    "swaps and mismatch alone": ({"forgeries": SWAPS}, {*SWAPS}),
    "no second task": ({"locate": 0.0}, {*BLENDS, *SWAPS}),
    "twice the steps": ({"steps": 2.0}, {*BLENDS, *SWAPS}),
    "half the steps": ({"steps": 0.5}, {*BLENDS, *SWAPS}),
    "half the people": ({"people": 0.5}, {*BLENDS, *SWAPS}),
    "a quarter of the people": ({"people": 0.25}, {*BLENDS, *SWAPS}),
}


def main() -> None:
    """Train what is not trained yet, measure, and print."""
    parser = argparse.ArgumentParser(description="Train variants of a recipe, and compare them.")
    parser.add_argument("data", type=Path, help="folder with the datasets")
    parser.add_argument("faces", type=Path, nargs="+", help="face sets, beside their manifests")
    parser.add_argument("--work", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--size", type=int, default=96, help="side of the crops")
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--limit", type=int, default=60, help="reals of a dataset that are forged")
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), help="variants by name")
    options = parser.parse_args()
    print("| variant | own fakes, AUC | forgeries that were lessons | that were not |")
    print("|---|---|---|---|")
    for name in options.only:
        choices, lessons = VARIANTS[name]
        run = options.work / name.replace(" ", "-")
        _train(choices, options, run)
        bundle = run / "raw.onnx"
        bundle.write_bytes(export([run], version="0"))
        best = pl.read_csv(run / "metrics.csv")["dev_auc"].max()
        learned, others = _forgeries(bundle, options, lessons)
        print(f"| {name} | {best:.3f} | {learned} | {others} |", flush=True)


def _train(choices: dict[str, Any], options: argparse.Namespace, run: Path) -> None:
    steps = int(options.steps * choices.get("steps", 1))
    recipe = make_recipe(
        {
            "recipe": "frame",
            "backbone": options.backbone,
            "crop": {"size": options.size, "eye_mouth": 0.43},
            "epoch_steps": steps // 2,
            "warmup": steps // 10,
            "average": 0.99,
            **choices,
            "steps": steps,
        },
        "ablation",
    )
    train(recipe, options.faces, run, accelerator="cpu")


def _forgeries(bundle: Path, options: argparse.Namespace, lessons: set[str]) -> tuple[str, str]:
    """Return the mean areas over forgeries that were lessons, and over those that were not."""
    predictor = Predictor(bundle, Settings(frames=1, min_frames=1))
    tables: Sequence[pl.DataFrame] = [
        forged(predictor, dataset, options.limit)
        for faces in options.faces
        if faces.name != "clips"
        for dataset in [
            open_manifest(faces.with_suffix(".parquet"), options.data / faces.name, ("dev",))
        ]
    ]
    found = pl.concat(tables)
    known = found["forgery"].is_in(list(lessons))
    return tuple(
        area(part) if len(part) else "–" for part in (found.filter(known), found.filter(~known))
    )


if __name__ == "__main__":
    main()
