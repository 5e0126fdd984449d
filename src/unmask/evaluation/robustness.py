"""What a bundle loses when its media are degraded, on the same media as it is measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

import unmask
from unmask.detect import Predictor
from unmask.errors import SettingError
from unmask.evaluation import weighted
from unmask.evaluation.degrade import DEGRADATIONS, Degradation
from unmask.evaluation.metrics import resample
from unmask.evaluation.published import exact_share
from unmask.evaluation.rescore import UNTOUCHED, rescore, sample_families
from unmask.evaluation.results import BAND, Figure
from unmask.evaluation.scores import Dataset, Progress
from unmask.evaluation.summary import Rows, interval
from unmask.evaluation.weighted import Floats
from unmask.types import ModelIdentity, Value

SPECIFICITY: Final = 0.83
AUC: Final = "ROC AUC"
LOST: Final = "AUC lost"
RECALL: Final = "recall at the threshold of untouched media"
KEPT: Final = "specificity at the threshold of untouched media"
REFITTED: Final = "recall, threshold refitted"
ALARMS: Final = f"reals called fake at {BAND}"
REALS: Final = "coverage of reals"
FAKES: Final = "coverage of fakes"


class Condition(Value):
    """The figures of one source under one degradation; untouched at severity 0.

    ``media`` rows of ``people`` (families where people are unknown), of which ``alarms`` of the
    ``reals`` are called fake at the default band. Figures that are undefined are not there.
    """

    source: str
    degradation: str
    title: str
    severity: int
    level: float | None
    reals: int
    fakes: int
    people: int
    alarms: int
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure | None:
        """Return the figure of that name."""
        return next((each for each in self.figures if each.name == name), None)


class Robustness(Value):
    """What a bundle scored on the media of some sources under every degradation.

    ``limit`` media of each dataset were drawn by ``seed``, or all were measured.
    """

    schema_version: int = 1
    model: ModelIdentity
    unmask: str
    split: str
    frames: int
    specificity: float
    limit: int | None
    seed: int
    conditions: tuple[Condition, ...]

    def of(self, source: str) -> tuple[Condition, ...]:
        """Return the conditions of a source, untouched first."""
        return tuple(each for each in self.conditions if each.source == source)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in order."""
        return tuple(dict.fromkeys(each.source for each in self.conditions))


def measure_robustness(
    predictor: Predictor,
    datasets: Sequence[Dataset],
    split: str,
    *,
    degradations: Mapping[str, Degradation] = DEGRADATIONS,
    specificity: float = SPECIFICITY,
    limit: int | None = None,
    seed: int = 0,
    samples: int = 1000,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Robustness:
    """Return a bundle's figures on datasets under each degradation; nothing is fitted.

    Args:
        predictor: holds the bundle and how many frames are looked at.
        datasets: of one split.
        split: its name.
        degradations: by name.
        specificity: at which recall is stated.
        limit: about how many media of each dataset to take, by whole families; None for all.
        seed: of that draw, and of what is random in degradations.
        samples: bootstrap samples.
        out: folder for the results, the scores and the curves.
        progress: called with (done, total) for each dataset.

    Raises:
        SettingError: ``specificity`` is not between 0 and 1.
        DataError: no family fits the limit.
    """
    if not 0 < specificity < 1:
        raise SettingError(f"specificity must be between 0 and 1. Got {specificity}")
    chosen = [sample_families(dataset, limit, seed) for dataset in datasets]
    scores = pl.concat(
        [rescore(predictor, d, degradations, seed=seed, progress=progress) for d in chosen]
    )
    titles = {name: each.title for name, each in degradations.items()}
    results = Robustness(
        model=predictor.identity,
        unmask=unmask.__version__,
        split=split,
        frames=predictor.settings.frames,
        specificity=specificity,
        limit=limit,
        seed=seed,
        conditions=tuple(
            condition
            for source in scores.partition_by("dataset", maintain_order=True)
            for condition in conditions_of(source, titles, specificity, samples)
        ),
    )
    if out:
        from unmask.evaluation.curves import draw_curves  # noqa: PLC0415 - matplotlib is slow

        out.mkdir(parents=True, exist_ok=True)
        scores.write_parquet(out / "scores.parquet")
        draw_curves(out, results)
        text = results.model_dump_json(indent=1)
        (out / "robustness.json").write_text(f"{text}\n", encoding="utf-8")
    return results


def conditions_of(
    scores: pl.DataFrame, titles: Mapping[str, str], specificity: float, samples: int = 1000
) -> list[Condition]:
    """Return the conditions of one source.

    Args:
        scores: of `rescore`, of one dataset.
        titles: of the degradations, by name.
        specificity: at which recall is stated.
        samples: bootstrap samples.
    """
    parts = scores.partition_by("degradation", "severity", maintain_order=True)
    untouched = Rows.of(parts[0])
    found = []
    for part in parts:
        rows, name = Rows.of(part), part["degradation"][0]
        reals, called = rows.labels == 0, part["verdict"].fill_null("").to_numpy() == "fake"
        alarms = int((called & reals).sum())
        figures = _figures(untouched, rows, specificity, samples, paired=name != UNTOUCHED)
        if reals.any():
            figures.append(exact_share(ALARMS, alarms, int(reals.sum())))
        found.append(
            Condition(
                source=part["dataset"][0],
                degradation=name,
                title=titles.get(name, "untouched"),
                severity=part["severity"][0],
                level=part["level"][0],
                reals=int(reals.sum()),
                fakes=int(rows.labels.sum()),
                people=len(np.unique(rows.people)),
                alarms=alarms,
                figures=tuple(figures),
            )
        )
    return found


def _figures(
    untouched: Rows, rows: Rows, specificity: float, samples: int, *, paired: bool
) -> list[Figure]:
    """Return the figures that are defined, each with an interval bootstrapped over people."""
    value = _measure(untouched, rows, np.ones((1, len(rows.labels))), specificity)
    blocks = [
        _measure(untouched, rows, weights, specificity)
        for weights in resample(rows.people, samples=samples)
    ]
    return [
        Figure(
            name=name,
            value=float(point[0]),
            interval=interval(float(point[0]), np.concatenate([block[name] for block in blocks])),
        )
        for name, point in value.items()
        if np.isfinite(point[0]) and (paired or name != LOST)
    ]


def _measure(untouched: Rows, rows: Rows, weights: Floats, specificity: float) -> dict[str, Floats]:
    """Return the figures, [S], of degraded rows under each weighting [S, N] of the media.

    Areas are of scored media, and the area lost is of those scored both times. Recall and
    specificity are of all: a fake without a score is missed, a real is no false alarm.
    """
    labels, fake = rows.labels, rows.labels == 1
    found = {}
    if rows.scored.any():
        found[AUC] = _area(rows, rows.scored, weights)
    both = rows.scored & untouched.scored
    if both.any():
        found[LOST] = _area(untouched, both, weights) - _area(rows, both, weights)
    bars = _thresholds(untouched, weights, specificity)[:, None]
    above = np.where(np.isnan(bars), np.nan, weights * (rows.scores > bars))
    found[RECALL] = _share(above, weights, fake)
    found[KEPT] = 1 - _share(above, weights, ~fake)
    found[REFITTED] = weighted.recall_at(weighted.curve(labels, rows.scores, weights), specificity)
    found[FAKES], missed = weighted.rates(labels, rows.scored, weights)
    found[REALS] = 1 - missed
    return found


def _area(rows: Rows, known: weighted.Called, weights: Floats) -> Floats:
    return weighted.roc_auc(
        weighted.curve(rows.labels[known], rows.scores[known], weights[:, known])
    )


def _share(part: Floats, whole: Floats, rows: weighted.Called) -> Floats:
    total = whole[:, rows].sum(axis=1)
    return part[:, rows].sum(axis=1) / np.where(total == 0, np.nan, total)


def _thresholds(rows: Rows, weights: Floats, specificity: float) -> Floats:
    """Return the lowest score, [S], that ``specificity`` of the reals stay at or below."""
    reals = weighted.curve(rows.labels, rows.scores, weights).reals
    falling = np.unique(rows.scores)[::-1]
    within = np.sum(reals <= 1 - specificity + 1e-9, axis=1)
    return np.where(np.isnan(reals[:, -1]), np.nan, falling[np.maximum(within - 1, 0)])
