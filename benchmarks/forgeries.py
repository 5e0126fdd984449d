"""How well a bundle tells each kind of forgery, made from real faces that it has never seen.

    python benchmarks/forgeries.py DATA... [--model NAME|FILE] [--limit 150] [--split val]

Each real picture of a split is forged by every registered forgery, a donor being the most alike of
twenty other people of its source; fake and untouched twin are stored alike, without loss, and
judged by `Predictor` as any file is. Prints one table, as Markdown: the area under the ROC curve
by forgery and source, with 95 % intervals over people, and the mean over the forgeries, of all and
of those that the bundle's card does not name among its lessons. What it abstains on is counted.
Needs the extra train.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import polars as pl

from unmask.detect import Predictor, Settings
from unmask.errors import MediaError
from unmask.evaluation.metrics import auc_score, bootstrap
from unmask.evaluation.rescore import pictures, sample_families
from unmask.evaluation.scores import Dataset, open_dataset
from unmask.faces import FINDERS, find_faces
from unmask.forgery import FORGERIES, Donor, forge, nearest_donor
from unmask.types import Image, Points

DONORS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a bundle on each kind of forgery.")
    parser.add_argument("data", type=Path, nargs="+", help="datasets with real faces")
    parser.add_argument("--model", help="name or file of a bundle; the one that ships if absent")
    parser.add_argument("--split", default="val", help="split whose reals are forged")
    parser.add_argument("--limit", type=int, default=150, help="reals of each dataset")
    options = parser.parse_args()
    predictor = Predictor(options.model, Settings(frames=1, min_frames=1))
    learned = _lessons(predictor.card.training)
    datasets = [open_dataset(root, (options.split,)) for root in options.data]
    tables = [forged(predictor, dataset, options.limit) for dataset in datasets]
    sources = [table["source"][0] for table in tables]
    found = pl.concat(tables)
    print(f"{predictor.identity.name} {predictor.identity.version}, split {options.split}\n")
    print(f"| forgery | a lesson | {' | '.join(sources)} | pairs scored, of |")
    print("|---" * (len(sources) + 3) + "|")
    for name in FORGERIES:
        rows = found.filter(pl.col("forgery") == name)
        cells = [area(rows.filter(pl.col("source") == source)) for source in sources]
        print(f"| {name} | {'yes' if name in learned else 'no'} | {' | '.join(cells)} "
              f"| {rows['logit'].is_not_null().sum() // 2:,}, {len(rows) // 2:,} |")  # fmt: skip
    for title, some in (("mean", None), ("mean of those that are no lesson", learned)):
        kinds = found.filter(~pl.col("forgery").is_in(list(some))) if some else found
        if len(kinds):
            cells = [area(kinds.filter(pl.col("source") == source)) for source in sources]
            print(f"| {title} | | {' | '.join(cells)} | |")


def _lessons(training: Any) -> set[str]:
    """Return the forgeries that are named with a share above zero anywhere in a card's training."""
    if isinstance(training, dict):
        shares = training.get("forgeries")
        named = shares.items() if isinstance(shares, dict) else ()
        own = {name for name, share in named if share}
        return own.union(*(_lessons(value) for value in training.values()))
    if isinstance(training, list | tuple):
        return set().union(*(_lessons(each) for each in training))
    return set()


def forged(predictor: Predictor, dataset: Dataset, limit: int) -> pl.DataFrame:
    """Return the logits of a dataset's reals and of what each forgery makes of them.

    Returns:
        Columns source, person, forgery, label and logit, null where the predictor abstained.
    """
    reals = replace(dataset, rows=dataset.rows.filter(pl.col("label") == 0))
    rows = sample_families(reals, limit).rows
    finder = FINDERS[predictor.settings.finder](threads=1)
    faces: list[tuple[str, Image, Points]] = []
    for n in range(len(rows)):
        for image in _readable(predictor, dataset.root, rows[n]):
            found = find_faces(finder, image)
            if found:
                largest = max(found, key=lambda face: face.size)
                person = rows["identity"][n] or rows["group_id"][n]
                faces.append((person, image, largest.landmarks))
    made = []
    for number, (person, image, landmarks) in enumerate(faces):
        rng = np.random.default_rng(number)
        others = [faces[i] for i in rng.permutation(len(faces)) if faces[i][0] != person][:DONORS]
        alike = nearest_donor(landmarks, [points for _, _, points in others])
        donor = Donor(*others[alike][1:])
        for name in FORGERIES:
            result = forge(name, image, landmarks, number, donor)
            for label, picture in enumerate((result.target, result.image)):
                logit = _logit(predictor, picture)
                made.append((rows["dataset"][0], person, name, label, logit))
    columns = ["source", "person", "forgery", "label", "logit"]
    return pl.DataFrame(made, schema=columns, orient="row")


def _readable(predictor: Predictor, root: Path, row: pl.DataFrame) -> Iterable[Image]:
    try:
        yield from pictures(predictor, root, row)
    except MediaError as error:
        print(f"left out: {error.message}")


def _logit(predictor: Predictor, picture: Image) -> float | None:
    with TemporaryDirectory(prefix="unmask-") as folder:
        path = Path(folder) / "face.png"
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        return predictor.detect(path).score


def area(rows: pl.DataFrame) -> str:
    """Return the mean over forgeries of the area under the ROC curve, with its interval."""
    rows = rows.drop_nulls("logit")
    labels, logits = rows["label"].to_numpy(), rows["logit"].to_numpy()
    kinds = rows["forgery"].to_numpy()

    def mean(chosen: Any) -> float:
        areas = []
        for kind in np.unique(kinds):
            some = chosen[kinds[chosen] == kind]
            areas.append(auc_score(labels[some], logits[some]))
        return float(np.mean(areas))

    low, high = bootstrap(mean, rows["person"].to_numpy().astype(str), samples=300)
    return f"{mean(np.arange(len(rows))):.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
