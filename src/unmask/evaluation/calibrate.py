"""Fit a bundle's calibration and bands on validation scores, and measure both honestly.

What is fitted is measured on identities that took no part in the fit: five folds of identities,
each judged by a fit on the other four.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression

from unmask.detect.aggregate import decide, thresholds, usual_spread
from unmask.detect.card import Bands, Calibration, Measure, RealPool
from unmask.errors import DataError
from unmask.evaluation.metrics import (
    auc_score,
    balanced_brier_loss,
    balanced_log_loss,
    bootstrap,
    calibration_loss,
    recall_at_specificity,
)
from unmask.evaluation.weighted import Floats, Labels

FOLDS = 5
REPLICATES = 200
KEPT = 0.3
"""Share of the highest real scores that a card keeps; no larger false-alarm rate is of use."""

STATEMENT = "calibrated on single frames; video level not validated"


@dataclass(frozen=True)
class Scores:
    """Scores of one dataset to fit on. ``logits`` [N] is -inf where the predictor abstained."""

    dataset: str
    labels: Labels
    logits: Floats
    people: npt.NDArray[np.str_]

    @staticmethod
    def of(frame: pl.DataFrame) -> Scores:
        """Take the scores of `unmask.evaluation.scores.score_rows`.

        Raises:
            DataError: there are external rows among them, which are only ever reported on.
        """
        _refuse_external(frame)
        people = frame.select(pl.coalesce("identity", "group_id")).to_series()
        return Scores(
            dataset=frame["dataset"][0],
            labels=frame["label"].to_numpy().astype(np.int64),
            logits=frame["logit"].fill_null(-np.inf).to_numpy().astype(np.float64),
            people=people.to_numpy().astype(np.str_),
        )

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Scores:
        """Return some of the rows."""
        return Scores(self.dataset, self.labels[rows], self.logits[rows], self.people[rows])

    @property
    def scored(self) -> Scores:
        """The rows that were not abstained on."""
        return self.take(np.isfinite(self.logits))


def _refuse_external(frame: pl.DataFrame) -> None:
    if frame["split"].eq("external").any():
        raise DataError(
            f"{frame['dataset'][0]}: split 'external' is only reported on; fit on 'val'"
        )


def fit_calibration(
    scores: Scores, *, replicates: int = REPLICATES, frame_spread: float = 0.0
) -> Calibration:
    """Fit the calibration, at even odds, and its bootstrap replicates over identities.

    Logistic regression of the label on the logit, reals and fakes weighing the same (Platt,
    "Probabilistic Outputs for Support Vector Machines", 1999). ``frame_spread`` is kept with it,
    see `fit_spread`.

    Raises:
        DataError: no real or no fake was scored, or fakes score no higher than reals.
    """
    scored = scores.scored
    if not 0 < scored.labels.sum() < len(scored.labels):
        raise DataError(f"{scores.dataset}: a calibration needs scored reals and fakes")
    slope, intercept = fit_slope(scored.labels, scored.logits)
    if slope <= 0:
        raise DataError(
            f"{scores.dataset}: the detector scores fakes no higher than reals there, so there is "
            "nothing to calibrate; train it further"
        )
    names, numbers = np.unique(scored.people, return_inverse=True)
    members = [np.flatnonzero(numbers == number) for number in range(len(names))]
    rng = np.random.default_rng(0)
    fits: list[tuple[float, float]] = []
    while len(fits) < replicates:
        picks = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < scored.labels[picks].sum() < len(picks):
            fits.append(fit_slope(scored.labels[picks], scored.logits[picks]))
    return Calibration(
        slope=slope,
        intercept=intercept,
        replicates=tuple((round(a, 5), round(b, 5)) for a, b in fits),
        fitted_on=f"{len(scored.labels)} single frames of {len(names)} people of {scored.dataset}",
        statement=STATEMENT,
        frame_spread=frame_spread,
    )


def fit_spread(frame: pl.DataFrame, calibration: Calibration) -> float:
    """Return the usual standard deviation of the logits of one person's frames, over all clips.

    Args:
        frame: of `unmask.evaluation.scores.score_rows`.
        calibration: that of the bundle which scored it.

    Raises:
        DataError: there are external rows, or no clip in which a person was scored twice.
    """
    _refuse_external(frame)
    faces = frame.select("video_id", "scored").explode("scored").drop_nulls().unnest("scored")
    tracks = faces.group_by("video_id", "track", maintain_order=True).agg("score")["score"]
    spread = usual_spread([np.array(each) for each in tracks]) / calibration.slope
    if not spread:
        raise DataError("no clip has two scored frames of one person, so their spread is unknown")
    return spread


def fit_slope(labels: Labels, logits: Floats) -> tuple[float, float]:
    """Return slope and intercept of the log-odds of fake at even odds, by logistic regression."""
    model = LogisticRegression(C=1e6, class_weight="balanced").fit(logits[:, None], labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def fit_bands(fakes: Scores, pools: Sequence[Scores], calibration: Calibration) -> Bands:
    """Fit the bands: false alarms on the reals of each pool, misses on the fakes of one."""
    found = []
    for pool in pools:
        reals = apply_calibration(calibration, pool.scored.logits[pool.scored.labels == 0])
        highest = np.sort(reals)[::-1][: max(1, round(KEPT * len(reals)))]
        kept = tuple(round(float(score), 5) for score in highest)
        found.append(RealPool(source=pool.dataset, count=len(reals), highest=kept))
    scores = np.sort(apply_calibration(calibration, fakes.scored.logits[fakes.scored.labels == 1]))
    miss_rate = 0.05
    rank = int(miss_rate * (len(scores) + 1))
    if rank < 1:
        raise DataError(f"bands need at least {round(1 / miss_rate)} fakes. Got {len(scores)}")
    return Bands(pools=tuple(found), real_below=float(scores[rank - 1]), miss_rate=miss_rate)


def apply_calibration(calibration: Calibration, logits: Floats) -> Floats:
    """Return the scores of logits."""
    return calibration.slope * logits + calibration.intercept


def cross_fit(
    main: Scores, others: Sequence[Scores], rate: float
) -> tuple[Floats, list[list[str]]]:
    """Return calibrated scores of ``main`` and the verdicts of all sets, each from other people.

    Args:
        main: the set that calibration and misses are fitted on.
        others: further sets of reals, which only join the pools of the bands.
        rate: false alarms allowed.
    """
    sets = (main, *others)
    folds = [deal_folds(each.people) for each in sets]
    scores = np.full(len(main.labels), -np.inf)
    verdicts = [[""] * len(each.labels) for each in sets]
    for fold in range(FOLDS):
        rest = [each.take(mine != fold) for each, mine in zip(sets, folds, strict=True)]
        calibration = fit_calibration(rest[0], replicates=20)
        bands = thresholds(fit_bands(rest[0], rest, calibration), rate, 1)
        for each, mine, said in zip(sets, folds, verdicts, strict=True):
            for row in np.flatnonzero((mine == fold) & np.isfinite(each.logits)):
                said[row] = decide(float(apply_calibration(calibration, each.logits[row])), bands)
        held = folds[0] == fold
        scores[held] = apply_calibration(calibration, main.logits[held])
    return scores, verdicts


def deal_folds(people: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Return the fold of each row; people are dealt out in a random order.

    Raises:
        DataError: there are fewer people than folds.
    """
    names, numbers = np.unique(people, return_inverse=True)
    if len(names) < FOLDS:
        raise DataError(f"{FOLDS} folds need at least as many people. Got {len(names)}")
    dealt = np.arange(len(names)) % FOLDS
    return np.random.default_rng(0).permutation(dealt)[numbers]


def measure(main: Scores, others: Sequence[Scores], rate: float = 0.01) -> list[Measure]:
    """Return the card's figures, with intervals over people; those on fits are cross-fitted."""
    scores, verdicts = cross_fit(main, others, rate)
    scored = np.isfinite(scores)
    found = [
        _share("coverage of reals", main.dataset, main, scored[main.labels == 0], 0),
        _share("coverage of fakes", main.dataset, main, scored[main.labels == 1], 1),
        _figure("AUC", main.scored, main.scored.logits, auc_score),
    ]
    for specificity in (0.83, 0.99):
        metric = recall_at_specificity(specificity)
        note = "abstained fakes count as missed"
        name = f"recall at specificity {specificity:.2f}"
        found.append(_figure(name, main, main.logits, metric, note=note))
    crossed: tuple[tuple[str, Callable[[Labels, Floats], float]], ...] = (
        ("expected calibration error", calibration_loss),
        ("log loss", balanced_log_loss),
        ("Brier score", balanced_brier_loss),
    )
    note = "at even odds, cross-fitted over five identity folds"
    found += [_figure(name, main.take(scored), scores[scored], m, note=note) for name, m in crossed]
    note = f"band for {rate:.0%} false alarms, cross-fitted over five identity folds"
    for each, said in zip((main, *others), verdicts, strict=True):
        for label, kind in ((0, "reals"), (1, "fakes")):
            chosen = np.array(said)[each.labels == label]
            if not len(chosen):
                continue
            for verdict in ("fake", "uncertain", "real"):
                name = f"{kind} called {verdict}"
                found.append(_share(name, each.dataset, each, chosen == verdict, label, note=note))
    return found


def _figure(
    name: str,
    scores: Scores,
    values: Floats,
    metric: Callable[[Labels, Floats], float],
    *,
    note: str = "",
) -> Measure:
    low, high = bootstrap(lambda rows: metric(scores.labels[rows], values[rows]), scores.people)
    value = metric(scores.labels, values)
    return Measure(
        name=name,
        value=value,
        # A calibration error is biased upward in samples: the interval is made to hold the value.
        interval=(min(low, value), max(high, value)),
        data=scores.dataset,
        unit="frame",
        count=len(values),
        note=note,
    )


def _share(
    name: str,
    dataset: str,
    scores: Scores,
    hits: npt.NDArray[np.bool_],
    label: int,
    *,
    note: str = "",
) -> Measure:
    people = scores.people[scores.labels == label]
    return Measure(
        name=name,
        value=float(hits.mean()),
        interval=bootstrap(lambda rows: float(hits[rows].mean()), people),
        data=dataset,
        unit="frame",
        count=len(hits),
        note=note,
    )
