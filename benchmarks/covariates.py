"""Would a score that knows how good a picture is be better calibrated, or convict more fakes?

    python benchmarks/covariates.py DATA [--model FILE] [--rate 0.01] [--work runs/bands]

Four ways from a logit to a verdict, on the DFDC's validation faces, with UTKFace's as a second pool
of reals. All is cross-fitted over five folds of people: calibration, normalisation, bars and pools
of both sources are fitted on four and judged on the fifth.

- ``logit alone``: what ships.
- ``and quality``: a calibration on the logit, log sharpness and log size. It may learn that fakes
  of this data set are blurred, which is no trace of forgery.
- ``less a real's logit``: what a real of that sharpness and size scores on average is taken off the
  logit first; it is fitted on reals alone, so it cannot learn that.
- ``a bar by sharpness``: logit alone; blurred and sharp halves of a source have bars of their own.

The bar of the verdict *fake* is the strictest over the sources, at the rate given. Gains are to
``logit alone``, on the same media, with 95 % intervals over people. Reads the scores that
``benchmarks/bands.py`` keeps in ``--work``, or makes them. Needs the extra train.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LinearRegression, LogisticRegression

from bands import scores
from unmask.detect import Predictor
from unmask.detect.card import RealPool
from unmask.evaluation import weighted
from unmask.evaluation.calibrate import FOLDS, deal_folds
from unmask.evaluation.metrics import auc_score, calibration_loss, resample
from unmask.evaluation.published import exact_share
from unmask.evaluation.weighted import Called, Floats, Labels

WAYS = ("logit alone", "and quality", "less a real's logit", "a bar by sharpness")


@dataclass(frozen=True)
class Rows:
    """Scored media: ``facts`` [N, 3] are logit, log sharpness and log size."""

    labels: Labels
    facts: Floats
    people: np.ndarray

    @staticmethod
    def of(frame: pl.DataFrame) -> Rows:
        """Take what was scored of a score table."""
        known = frame.drop_nulls("logit")
        return Rows(
            known["label"].to_numpy().astype(np.int64),
            known.select("logit", pl.col("sharpness").log1p(), pl.col("size").log()).to_numpy(),
            known.select(pl.coalesce("identity", "group_id")).to_series().to_numpy().astype(str),
        )

    def take(self, rows: np.ndarray) -> Rows:
        """Return some of the rows."""
        return Rows(self.labels[rows], self.facts[rows], self.people[rows])


@dataclass
class Crossed:
    """Scores of the first source, and which media of both are called fake."""

    scores: Floats
    fake: list[Called]


def main() -> None:
    """Cross-fit each way and print the table."""
    parser = argparse.ArgumentParser(description="Calibrate by more than the logit.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="bundle; the default if not given")
    parser.add_argument("--rate", type=float, default=0.01, help="false alarms allowed")
    parser.add_argument("--work", type=Path, default=Path("runs/bands"))
    options = parser.parse_args()
    predictor = Predictor(options.model)
    kept = options.work / predictor.identity.sha256[:12]
    sets = [
        Rows.of(scores(predictor, options.data, kept, (name, "val", "")))
        for name in ("dfdc-faces", "faces-utk")
    ]
    found = {way: cross(way, sets, options.rate) for way in WAYS}
    weights = np.concatenate(list(resample(sets[0].people)))
    print(f"{predictor.identity.name} {predictor.identity.version}, band for {options.rate:.0%}\n")
    head = ("", "AUC", "gain", "calibration error", "fakes called fake", "gain",
            "DFDC reals called fake", "UTKFace reals called fake")  # fmt: skip
    for cells in (head, ["---"] * len(head), *(line(w, found, sets, weights) for w in WAYS)):
        print("| " + " | ".join(cells) + " |")


def cross(way: str, sets: list[Rows], rate: float) -> Crossed:
    """Return what every medium scores and is called by a fit on other people."""
    folds = [deal_folds(each.people) for each in sets]
    found = Crossed(np.zeros(len(sets[0].labels)), [np.zeros(len(s.labels), bool) for s in sets])
    for fold in range(FOLDS):
        rest = [each.take(mine != fold) for each, mine in zip(sets, folds, strict=True)]
        held = [each.take(mine == fold) for each, mine in zip(sets, folds, strict=True)]
        known, judged = scored(way, rest, rest), scored(way, rest, held)
        halves = [np.median(each.facts[:, 1]) for each in rest]
        for place, mine in enumerate(folds):
            if way == "a bar by sharpness":
                called = np.zeros(len(held[place].labels), bool)
                for sharp in (False, True):
                    chosen = (held[place].facts[:, 1] > halves[place]) == sharp
                    parts = [
                        k[((r.facts[:, 1] > half) == sharp) & (r.labels == 0)]
                        for k, r, half in zip(known, rest, halves, strict=True)
                    ]
                    called[chosen] = judged[place][chosen] > bar(parts, rate)
            else:
                parts = [k[r.labels == 0] for k, r in zip(known, rest, strict=True)]
                called = judged[place] > bar(parts, rate)
            found.fake[place][mine == fold] = called
        found.scores[folds[0] == fold] = judged[0]
    return found


def scored(way: str, rest: list[Rows], media: list[Rows]) -> list[Floats]:
    """Return the scores of media by a calibration fitted on ``rest``, whose first has fakes."""

    def inputs(rows: Rows) -> Floats:
        if way == "and quality":
            return rows.facts
        if way == "less a real's logit":
            return (rows.facts[:, 0] - usual.predict(rows.facts[:, 1:]))[:, None]
        return rows.facts[:, :1]

    if way == "less a real's logit":
        reals = np.concatenate([each.facts[each.labels == 0] for each in rest])
        usual = LinearRegression().fit(reals[:, 1:], reals[:, 0])
    model = LogisticRegression(C=1e6, class_weight="balanced", max_iter=1000)
    model.fit(inputs(rest[0]), rest[0].labels)
    return [model.decision_function(inputs(each)) for each in media]


def bar(pools: list[Floats], rate: float) -> float:
    """Return the strictest bar over pools of reals' scores, as a card's bands have it."""
    found = []
    for pool in pools:
        highest = tuple(np.sort(pool)[::-1].tolist())
        threshold = RealPool(source="pool", count=len(pool), highest=highest).threshold(rate)
        found.append(highest[0] if threshold is None else threshold)
    return max(found)


def line(way: str, found: dict[str, Crossed], sets: list[Rows], weights: Floats) -> tuple[str, ...]:
    """Return a row of the table."""
    this, plain, (main, other) = found[way], found[WAYS[0]], sets
    fakes = main.labels == 1
    areas = [
        weighted.roc_auc(weighted.curve(main.labels, each.scores, weights))
        for each in (this, plain)
    ]
    shares = [
        weights[:, fakes] @ each.fake[0][fakes] / weights[:, fakes].sum(axis=1)
        for each in (this, plain)
    ]
    auc = auc_score(main.labels, this.scores)
    recall = float(this.fake[0][fakes].mean())
    return (
        way,
        f"{auc:.3f}",
        gain(auc - auc_score(main.labels, plain.scores), areas[0] - areas[1]),
        f"{calibration_loss(main.labels, this.scores):.3f}",
        f"{recall:.3f}",
        gain(recall - float(plain.fake[0][fakes].mean()), shares[0] - shares[1]),
        alarms(this.fake[0][~fakes]),
        alarms(this.fake[1][other.labels == 0]),
    )


def gain(value: float, samples: Floats) -> str:
    """Return a difference with its interval."""
    low, high = np.nanpercentile(samples, (2.5, 97.5))
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def alarms(called: Called) -> str:
    """Return how many reals are called fake, with the exact interval."""
    low, high = exact_share("", int(called.sum()), len(called)).interval or (0.0, 1.0)
    return f"{called.sum()} of {len(called)}: {called.mean():.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
