"""From scores to figures with intervals: of a source, its levels, its methods, its face sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from unmask.errors import SettingError
from unmask.evaluation import weighted
from unmask.evaluation.metrics import resample
from unmask.evaluation.results import BAND, HALF, Confusion, Figure, Kind, Level, Part
from unmask.evaluation.scores import frame_rows
from unmask.evaluation.weighted import Floats, Labels

SPECIFICITIES: Final = (0.83, 0.99)
SIZES: Final = (64, 96, 128, 192, 256)
"""Where one bin of face sizes ends and the next begins, in pixels."""

Strings = npt.NDArray[np.str_]
Key = tuple[str, float | None]


@dataclass(frozen=True)
class Plan:
    """What to state: at which priors beside the data's own, and at which specificities."""

    priors: tuple[float, ...] = ()
    specificities: tuple[float, ...] = SPECIFICITIES
    samples: int = 1000

    def __post_init__(self) -> None:
        for name, values in (("prior", self.priors), ("specificity", self.specificities)):
            for value in values:
                if not 0 < value < 1:
                    raise SettingError(f"{name} must be between 0 and 1. Got {value}")


@dataclass(frozen=True)
class Rows:
    """Rows to measure, [N] each. ``scores`` are calibrated log-odds, -inf where abstained;
    ``verdicts`` are empty there, and None at levels that have no verdict."""

    labels: Labels
    scores: Floats
    people: Strings
    verdicts: Strings | None = None

    @staticmethod
    def of(frame: pl.DataFrame) -> Rows:
        """Take a table with label, identity, group_id, score and, of media, verdict."""
        people = frame.select(pl.coalesce("identity", "group_id")).to_series()
        return Rows(
            labels=frame["label"].to_numpy().astype(np.int64),
            scores=frame["score"].fill_null(-np.inf).to_numpy().astype(np.float64),
            people=people.to_numpy().astype(np.str_),
            verdicts=frame["verdict"].fill_null("").to_numpy().astype(np.str_)
            if "verdict" in frame.columns
            else None,
        )

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Which rows were not abstained on."""
        return np.isfinite(self.scores)

    @property
    def base_rate(self) -> float:
        """Share of fakes."""
        return float(self.labels.mean())

    def calls(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which rows are called fake, at each point."""
        called = {HALF: self.scores > 0}
        return called if self.verdicts is None else {BAND: self.verdicts == "fake", **called}


def summarise(scores: pl.DataFrame, plan: Plan) -> list[Part]:
    """Return the parts of one source, the whole first.

    Args:
        scores: of `unmask.evaluation.scores`, of one dataset.
        plan: what to state.
    """
    source = scores["dataset"][0]
    found = []
    for kind, name, part in _parts(scores):
        found.append(describe(Rows.of(part), plan, source, kind=kind, name=name))
    keys = scores.drop("scored", "score", "verdict", "size")
    frames = frame_rows(scores)
    tracks = frames.group_by("dataset", "video_id", "track", maintain_order=True).agg(
        pl.col("score").mean()
    )
    levels: tuple[tuple[Level, pl.DataFrame], ...] = (("track", tracks), ("frame", frames))
    for level, table in levels:
        if len(table):
            rows = Rows.of(table.join(keys, on=["dataset", "video_id"], maintain_order="left"))
            found.append(describe(rows, plan, source, level=level))
    return found


def _parts(scores: pl.DataFrame) -> Iterator[tuple[Kind, str, pl.DataFrame]]:
    yield "all", "", scores
    fakes = scores.filter(pl.col("label") == 1)
    for method in sorted(fakes["method"].drop_nulls().unique()):
        yield "method", method, scores.filter((pl.col("label") == 0) | (pl.col("method") == method))
    for low, high in pairwise((0, *SIZES, np.inf)):
        part = scores.filter((pl.col("size") >= low) & (pl.col("size") < high))
        if len(part):
            name = f"under {high} px" if not low else f"{low} px and more"
            yield "size", name if not low or high == np.inf else f"{low}–{high} px", part


def describe(
    rows: Rows,
    plan: Plan,
    source: str,
    *,
    level: Level = "medium",
    kind: Kind = "all",
    name: str = "",
) -> Part:
    """Return the part that the rows make, with their counts and figures.

    Coverage is of media, and abstentions have no face size: such parts state none.
    """
    figures = figures_of(rows, plan)
    if level != "medium" or kind == "size":
        figures = [each for each in figures if not each.name.startswith("coverage")]
    return Part(
        source=source,
        level=level,
        kind=kind,
        name=name,
        count=len(rows.labels),
        reals=int((rows.labels == 0).sum()),
        fakes=int(rows.labels.sum()),
        people=len(np.unique(rows.people)),
        base_rate=rows.base_rate,
        confusions=tuple(_confusions(rows)),
        figures=tuple(figures),
    )


def _confusions(rows: Rows) -> Iterator[Confusion]:
    half = np.where(rows.scored, np.where(rows.scores > 0, "fake", "real"), "")
    said = {HALF: half} if rows.verdicts is None else {BAND: rows.verdicts, HALF: half}
    for point, calls in said.items():
        counts = []
        for label in (0, 1):
            words = calls[rows.labels == label]
            known = ("fake", "uncertain", "real") if point == BAND else ("fake", "real")
            found = {word: int((words == word).sum()) for word in known}
            counts.append({**found, "abstained": int((words == "").sum())})
        yield Confusion(point=point, reals=counts[0], fakes=counts[1])


def figures_of(rows: Rows, plan: Plan) -> list[Figure]:
    """Return the figures of the rows, with their 95 % intervals bootstrapped over people."""
    base = rows.base_rate
    priors = tuple(dict.fromkeys((*((base,) if 0 < base < 1 else ()), *plan.priors)))
    value = measure_rows(rows, np.ones((1, len(rows.labels))), priors, plan.specificities)
    blocks = [
        measure_rows(rows, weights, priors, plan.specificities)
        for weights in resample(rows.people, samples=plan.samples)
    ]
    found = []
    for name, prior in value:
        point = float(value[name, prior][0])
        if np.isfinite(point):
            values = np.concatenate([block[name, prior] for block in blocks])
            known = interval(point, values)
            if known and known[0] == known[1]:
                known = _exact(name, point, rows)
            found.append(Figure(name=name, value=point, interval=known, prior=prior))
    return found


def _exact(name: str, value: float, rows: Rows) -> tuple[float, float] | None:
    """Return the interval of what is the same in every sample, as if each person counted once.

    That is Clopper and Pearson's for none or all of the people, and there is none for other figures
    than shares of the reals or of the fakes: a bootstrap says nothing where nothing varies.
    """
    label = 0 if name.startswith(("specificity", "coverage of reals")) else 1
    if value not in (0, 1) or (label and not name.startswith(("recall", "coverage of fakes"))):
        return None
    slack = 1 - float(0.025 ** (1 / len(np.unique(rows.people[rows.labels == label]))))
    return (0.0, slack) if value == 0 else (1 - slack, 1.0)


def interval(value: float, samples: Floats) -> tuple[float, float] | None:
    """Return the 95 % percentile interval, made to hold the value; None where nothing varies."""
    known = samples[np.isfinite(samples)]
    if not len(known):
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return min(float(low), value), max(float(high), value)


def measure_rows(
    rows: Rows, weights: Floats, priors: Sequence[float], specificities: Sequence[float]
) -> dict[Key, Floats]:
    """Return every figure, [S], under each weighting [S, N] of the rows, by name and prior.

    Coverage, recall and specificity are of all rows: a fake that was abstained on is missed, a
    real is no false alarm. Areas, losses and calibration are of the scored rows.
    """
    labels, scores, scored = rows.labels, rows.scores, rows.scored
    found: dict[Key, Floats] = {}
    fakes, reals = weighted.rates(labels, scored, weights)
    found["coverage of reals", None], found["coverage of fakes", None] = 1 - reals, fakes
    for point, called in rows.calls().items():
        recall, specificity = weighted.rates(labels, called, weights)
        found[f"recall at {point}", None] = recall
        found[f"specificity at {point}", None] = specificity
        found[f"balanced accuracy at {point}", None] = (recall + specificity) / 2
        for prior in priors:
            found[f"precision at {point}", prior] = weighted.precision(recall, specificity, prior)
            found[f"F1 at {point}", prior] = weighted.f1(recall, specificity, prior)
    if not scored.any():
        return found
    every = weighted.curve(labels, scores, weights)
    for level in specificities:
        found[f"recall at specificity {level:g}", None] = weighted.recall_at(every, level)
    labels, scores, weights = labels[scored], scores[scored], weights[:, scored]
    ranks = every if scored.all() else weighted.curve(labels, scores, weights)
    found["ROC AUC", None] = weighted.roc_auc(ranks)
    for prior in priors:
        found["PR AUC", prior] = weighted.pr_auc(ranks, prior)
        losses = (labels, scores, weights, prior)
        found["log loss", prior] = weighted.log_loss(*losses)
        found["Brier score", prior] = weighted.brier_loss(*losses)
        found["expected calibration error", prior] = weighted.calibration_loss(*losses)
    return found
