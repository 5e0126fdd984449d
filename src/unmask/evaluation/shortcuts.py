"""Whether a detector reads the data set: what it should not see, and what it should."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl

import unmask
from unmask.detect import Predictor
from unmask.errors import SettingError
from unmask.evaluation import weighted
from unmask.evaluation.degrade import DEGRADATIONS
from unmask.evaluation.metrics import resample
from unmask.evaluation.occlude import OCCLUSIONS, occlude
from unmask.evaluation.rescore import UNTOUCHED, rescore, sample_families
from unmask.evaluation.scores import Dataset, Progress
from unmask.evaluation.summary import interval
from unmask.evaluation.weighted import Floats
from unmask.types import ModelIdentity, Value

RECODINGS: Final = {
    "jpeg": replace(DEGRADATIONS["jpeg"], levels=(75, 60)),
    "h264": replace(DEGRADATIONS["h264"], levels=(28,)),
}
"""Two qualities of JPEG, since coding a picture again at its own changes next to nothing: faces
cut from DFDC and UTKFace are often published at 75."""

WANTED: Final = (0.40, 0.60)
"""Where the area of telling one source's reals from another's should lie."""

UTKFACE: Final = "utkface"
ETHNICITIES: Final = {"0": "White", "1": "Black", "2": "Asian", "3": "Indian", "4": "other"}
GROUPS: Final = (
    (1, "1", "female", "0", "male"),
    *((2, code, name, None, "all others") for code, name in ETHNICITIES.items()),
)
"""Groups that are compared, by UTKFace's own codes: which number of a file's name is meant, the
code and name of one group, and those of the other, None for whoever is not in the first."""

Test = Literal["sources", "recoding", "occlusion", "group"]


class Finding(Value):
    """One figure with its 95 % interval over people, and how many media or people it is of.

    An area under the ROC curve where the test is ``sources`` (of telling the reals of one source
    from those of another) or ``occlusion`` (of telling fakes from reals); else a difference of
    mean logits.
    """

    test: Test
    source: str
    name: str
    value: float
    interval: tuple[float, float] | None
    counts: dict[str, int]
    wanted: tuple[float, float] | None = None


class Shortcuts(Value):
    """What was found. ``covered`` is the mean share of a crop that the face's hull takes."""

    schema_version: int = 1
    model: ModelIdentity
    unmask: str
    split: str
    frames: int
    limit: int | None
    seed: int
    findings: tuple[Finding, ...]
    covered: float | None = None

    def of(self, test: Test) -> tuple[Finding, ...]:
        """Return the findings of one test."""
        return tuple(each for each in self.findings if each.test == test)


def find_shortcuts(
    predictor: Predictor,
    datasets: Sequence[Dataset],
    split: str,
    *,
    limit: int | None = None,
    seed: int = 0,
    samples: int = 1000,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Shortcuts:
    """Return what a bundle's scores tell about things that they should not depend on.

    Args:
        predictor: holds the bundle and how many frames are looked at.
        datasets: of one split; those with fakes are tested for occlusion.
        split: its name.
        limit: about how many media of each dataset to take, by whole families; None for all.
        seed: of that draw.
        samples: bootstrap samples.
        out: folder for the results and the scores.
        progress: called with (done, total), twice for a dataset with fakes.

    Raises:
        SettingError: the bundle judges sequences.
        DataError: no family fits the limit.
    """
    if predictor.card.input == "sequence":
        raise SettingError(
            f"{predictor.identity.name} judges sequences; the tests are of single crops"
        )
    chosen = [sample_families(dataset, limit, seed) for dataset in datasets]
    reals = [
        rescore(predictor, each, RECODINGS, progress=progress)
        for each in (replace(d, rows=d.rows.filter(pl.col("label") == 0)) for d in chosen)
        if len(each.rows)
    ]
    occluded = [
        occlude(predictor, each, progress=progress)
        for each in chosen
        if each.rows["label"].n_unique() == 2
    ]
    findings: list[Finding] = []
    sources = [source for each in reals for source in each.partition_by("dataset")]
    untouched = [each.filter(pl.col("degradation") == UNTOUCHED) for each in sources]
    for first, second in combinations(untouched, 2):
        findings += tell_apart(first, second, samples)
    for source in sources:
        findings += recoding_shifts(source, samples)
    for each in occluded:
        findings += occlusion_areas(each, samples)
    for each in untouched:
        findings += group_differences(each, samples)
    covered = [each["covered"].drop_nulls() for each in occluded]
    results = Shortcuts(
        model=predictor.identity,
        unmask=unmask.__version__,
        split=split,
        frames=predictor.settings.frames,
        limit=limit,
        seed=seed,
        findings=tuple(findings),
        covered=float(np.concatenate(covered).mean()) if any(map(len, covered)) else None,
    )
    if out:
        out.mkdir(parents=True, exist_ok=True)
        pl.concat(reals).write_parquet(out / "reals.parquet")
        if occluded:
            pl.concat(occluded).write_parquet(out / "occluded.parquet")
        text = results.model_dump_json(indent=1)
        (out / "shortcuts.json").write_text(f"{text}\n", encoding="utf-8")
    return results


def tell_apart(first: pl.DataFrame, second: pl.DataFrame, samples: int = 1000) -> list[Finding]:
    """Return the area of telling the reals of two score tables apart: .5 if it cannot be done."""
    both = pl.concat([first, second]).drop_nulls("logit")
    names = [first["dataset"][0], second["dataset"][0]]
    counts = {name: int((both["dataset"] == name).sum()) for name in names}
    if not all(counts.values()):
        return []
    area = _area_of(both["dataset"] == names[1], both["logit"])
    return [
        _finding(
            area,
            both,
            samples,
            test="sources",
            source=" and ".join(names),
            name=f"AUC of telling {names[1]} reals by a higher score",
            counts=counts,
            wanted=WANTED,
        )
    ]


def recoding_shifts(scores: pl.DataFrame, samples: int = 1000) -> list[Finding]:
    """Return how far coding them again moves the mean logit of reals, `rescore`d of one source."""
    before, *parts = scores.partition_by("degradation", "severity", maintain_order=True)
    found = []
    for part in parts:
        moved = before.with_columns(moved=part["logit"] - before["logit"]).drop_nulls("moved")
        if not len(moved):
            continue
        again = f"{RECODINGS[part['degradation'][0]].title} {part['level'][0]:g}"
        found.append(
            _finding(
                _mean_of(moved["moved"].to_numpy()),
                moved,
                samples,
                test="recoding",
                source=moved["dataset"][0],
                name=f"mean logit after {again}, less before",
                counts={"reals": len(before), "scored both times": len(moved)},
            )
        )
    return found


def occlusion_areas(logits: pl.DataFrame, samples: int = 1000) -> list[Finding]:
    """Return the AUC of whole crops, and of those in which face or background is hidden.

    Args:
        logits: of `occlude`.
        samples: bootstrap samples.
    """
    found = []
    for source in logits.partition_by("dataset", maintain_order=True):
        known = source.drop_nulls(OCCLUSIONS)
        fakes = int(known["label"].sum())
        if not 0 < fakes < len(known):
            continue
        reals, faceless = len(known) - fakes, len(source) - len(known)
        found += [
            _finding(
                _area_of(known["label"], known[name]),
                known,
                samples,
                test="occlusion",
                source=source["dataset"][0],
                name=f"AUC, {name}",
                counts={"reals": reals, "fakes": fakes, "without a face": faceless},
            )
            for name in OCCLUSIONS
        ]
    return found


def group_differences(scores: pl.DataFrame, samples: int = 1000) -> list[Finding]:
    """Return differences in mean logit between the groups that UTKFace's file names code.

    Args:
        scores: of one source; of any other than UTKFace there are none.
        samples: bootstrap samples.
    """
    known = scores.drop_nulls("logit")
    if not len(known) or known["dataset"][0] != UTKFACE:
        return []
    codes = known["video_id"].str.split("_")
    logits = known["logit"].to_numpy()
    found = []
    for place, code, name, other, rest in GROUPS:
        own = codes.list.get(place).to_numpy()
        inside = own == code
        outside = ~inside if other is None else own == other
        if inside.any() and outside.any():
            found.append(
                _finding(
                    _gap_of(logits, inside, outside),
                    known,
                    samples,
                    test="group",
                    source=UTKFACE,
                    name=f"mean logit, {name} less {rest}",
                    counts={name: int(inside.sum()), rest: int(outside.sum())},
                )
            )
    return found


Statistic = Callable[[Floats], Floats]
"""From weights [S, N] of the rows to a figure under each, [S]."""


def _area_of(labels: pl.Series, scores: pl.Series) -> Statistic:
    numbers, values = labels.to_numpy().astype(np.int64), scores.to_numpy()
    return lambda weights: weighted.roc_auc(weighted.curve(numbers, values, weights))


def _mean_of(values: Floats) -> Statistic:
    return lambda weights: weights @ values / weights.sum(axis=1)


def _gap_of(values: Floats, first: weighted.Called, second: weighted.Called) -> Statistic:
    """Mean of the first rows less that of the second; nan where a sample has none of either."""

    def gap(weights: Floats) -> Floats:
        means = []
        for rows in (first, second):
            total = weights[:, rows].sum(axis=1)
            means.append(weights[:, rows] @ values[rows] / np.where(total == 0, np.nan, total))
        return means[0] - means[1]

    return gap


def _finding(statistic: Statistic, rows: pl.DataFrame, samples: int, **facts: Any) -> Finding:
    """Return a statistic of the rows with its interval, bootstrapped over people of all sources."""
    person = pl.concat_str("dataset", pl.coalesce("identity", "group_id"), separator=" ")
    people = rows.select(person).to_series().to_numpy().astype(np.str_)
    value = float(statistic(np.ones((1, len(rows))))[0])
    drawn = [statistic(weights) for weights in resample(people, samples=samples)]
    return Finding(value=value, interval=interval(value, np.concatenate(drawn)), **facts)
