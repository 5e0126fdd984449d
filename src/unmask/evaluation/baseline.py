"""What a detector must beat: a logistic model on facts that have nothing to do with forgery."""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unmask.detect.card import Measure
from unmask.evaluation.calibrate import FOLDS, Scores, deal_folds
from unmask.evaluation.metrics import auc_score, bootstrap
from unmask.evaluation.weighted import Floats

FACTS = ("bytes", "sharpness", "size", "confidence", "border")


def baseline_scores(frame: pl.DataFrame, scores: Scores) -> Floats:
    """Return cross-fitted log-odds [N] from the facts of the scored media, nan where abstained.

    Args:
        frame: of `unmask.evaluation.scores.score_rows`.
        scores: of the same rows.
    """
    facts = frame.select(FACTS).cast(pl.Float64).to_numpy()
    values = np.log1p(np.maximum(facts, 0))
    found = np.full(len(values), np.nan)
    known = np.isfinite(values).all(axis=1)
    folds = deal_folds(scores.people)
    for fold in range(FOLDS):
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
        rest = known & (folds != fold)
        model.fit(values[rest], scores.labels[rest])
        held = known & (folds == fold)
        if held.any():
            found[held] = model.decision_function(values[held])
    return found


def compare_baseline(frame: pl.DataFrame, scores: Scores) -> list[Measure]:
    """Return the baseline's AUC and how much the bundle's is above it, paired over people."""
    baseline = baseline_scores(frame, scores)
    both = np.isfinite(baseline) & np.isfinite(scores.logits)
    labels, people = scores.labels[both], scores.people[both]
    bundle, trivial = scores.logits[both], baseline[both]

    def gain(rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        return auc_score(labels[rows], bundle[rows]) - auc_score(labels[rows], trivial[rows])

    every = np.arange(len(labels))
    note = f"logistic on log {', '.join(FACTS)}; cross-fitted over five identity folds"
    low, high = bootstrap(lambda rows: auc_score(labels[rows], trivial[rows]), people)
    common = {"data": scores.dataset, "unit": "frame", "count": len(labels), "note": note}
    return [
        Measure(name="AUC of the baseline", value=auc_score(labels, trivial),
                interval=(low, high), **common),
        Measure(name="AUC above the baseline", value=gain(every),
                interval=bootstrap(gain, people), **common),
    ]  # fmt: skip
