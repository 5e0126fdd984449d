"""Which rule makes one score of a clip's frames: chosen on some people, held against others.

The table of faces has one row a scored face: ``clip``, ``person``, ``condition`` (how the clip was
degraded; the first one met is the undegraded), ``method`` (null for a real), ``label``, ``split``,
``logit`` and ``weight`` (see `unmask.detect.quality.Quality.weigh`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from unmask.detect.aggregate import RULES, combine, usual_spread
from unmask.detect.card import Calibration, Rule
from unmask.errors import DataError
from unmask.evaluation import weighted
from unmask.evaluation.calibrate import apply_calibration, fit_slope
from unmask.evaluation.metrics import balanced_log_loss, calibration_loss, resample
from unmask.evaluation.weighted import Floats, Labels

PLAIN: Rule = "mean"
LOST = 0.002
"""AUC that a rule may lose on undegraded clips, which is less than can be told apart."""

FACES = pl.Schema(
    {
        "clip": pl.String,
        "person": pl.String,
        "condition": pl.String,
        "method": pl.String,
        "label": pl.Int64,
        "split": pl.String,
        "logit": pl.Float64,
        "weight": pl.Float64,
    }
)
"""Columns of the table of faces."""


@dataclass(frozen=True)
class Clips:
    """Clips with their frames.

    ``labels``, ``people`` and ``conditions`` are [N]; ``scores`` and ``weights`` hold the frames
    of each. ``named`` are the conditions in order, the undegraded one first.
    """

    labels: Labels
    people: npt.NDArray[np.str_]
    conditions: npt.NDArray[np.str_]
    scores: tuple[Floats, ...]
    weights: tuple[Floats, ...]
    named: tuple[str, ...]

    @staticmethod
    def of(faces: pl.DataFrame, calibration: Calibration) -> Clips:
        """Take a table of faces.

        Raises:
            DataError: there are external clips among them, which are only ever reported on.
        """
        if faces["split"].eq("external").any():
            raise DataError("clips of split 'external' are only reported on; choose on 'val'")
        clips = faces.group_by("condition", "clip", maintain_order=True).agg(
            pl.col("person", "label").first(), "logit", "weight"
        )
        return Clips(
            labels=clips["label"].to_numpy().astype(np.int64),
            people=clips["person"].to_numpy().astype(np.str_),
            conditions=clips["condition"].to_numpy().astype(np.str_),
            scores=tuple(apply_calibration(calibration, np.array(x)) for x in clips["logit"]),
            weights=tuple(np.array(each) for each in clips["weight"]),
            named=tuple(clips["condition"].unique(maintain_order=True)),
        )

    def by(self, rule: Rule) -> Floats:
        """Return the score of each clip by a rule, [N]."""
        pairs = zip(self.scores, self.weights, strict=True)
        return np.array([combine(rule, list(scores), list(weights)) for scores, weights in pairs])


@dataclass(frozen=True)
class Choice:
    """A rule on the clips. ``areas`` are AUCs by condition, ``gain`` is that of their mean over the
    plain mean's, with its 95 % interval over people; ``chosen_without`` are the people without
    whom it is the best of all, and ``held_out`` its gain on each person alone."""

    rule: Rule
    areas: dict[str, float]
    gain: float
    interval: tuple[float, float]
    chosen_without: tuple[str, ...]
    held_out: dict[str, float]

    @property
    def area(self) -> float:
        """Mean AUC over conditions."""
        return float(np.mean(list(self.areas.values())))


@dataclass(frozen=True)
class Level:
    """How well a calibration fits clips: expected calibration error and log loss at even odds."""

    name: str
    calibration: float
    log_loss: float


def compare_rules(clips: Clips, *, samples: int = 1000) -> list[Choice]:
    """Return what each rule is worth, the plain mean first.

    The AUC within a condition is of all its clips together, as one bar serves all people.

    Raises:
        DataError: there are fewer than three people, so that leaving one out leaves no two.
    """
    people = np.unique(clips.people)
    if len(people) < 3:
        raise DataError(f"a rule is chosen on at least 3 people. Got {len(people)}")
    every = [np.concatenate(list(resample(clips.people, samples=samples)))]
    every += [(clips.people != name).astype(np.float64)[None] for name in people]
    every += [(clips.people == name).astype(np.float64)[None] for name in people]
    weights = np.concatenate([np.ones((1, len(clips.labels))), *every])
    found = {rule: _areas(clips, clips.by(rule), weights) for rule in RULES}
    means = {rule: np.mean(list(areas.values()), axis=0) for rule, areas in found.items()}
    first, others = 1 + samples, 1 + samples + len(people)
    best = [max(RULES, key=lambda rule: means[rule][first + n]) for n in range(len(people))]
    choices = []
    for rule in RULES:
        gains = means[rule] - means[PLAIN]
        low, high = np.nanpercentile(gains[1:first], (2.5, 97.5))
        choices.append(
            Choice(
                rule=rule,
                areas={name: float(area[0]) for name, area in found[rule].items()},
                gain=float(gains[0]),
                interval=(float(low), float(high)),
                chosen_without=tuple(
                    str(p) for p, r in zip(people, best, strict=True) if r == rule
                ),
                held_out={str(p): float(gains[others + n]) for n, p in enumerate(people)},
            )
        )
    return choices


def choose(choices: Sequence[Choice]) -> Rule:
    """Return the rule to ship: the plain mean unless another one clearly wins.

    It must be the best whoever is left out, gain with an interval over people that excludes zero,
    gain on average over people who did not choose it, and lose nothing on undegraded clips.
    """
    plain = next(each for each in choices if each.rule == PLAIN)
    untouched = next(iter(plain.areas))
    for each in choices:
        if (
            each.rule != PLAIN
            and len(each.chosen_without) == len(each.held_out)
            and each.interval[0] > 0
            and float(np.mean(list(each.held_out.values()))) > 0
            and each.areas[untouched] >= plain.areas[untouched] - LOST
        ):
            return each.rule
    return PLAIN


def compare_levels(clips: Clips, rule: Rule) -> list[Level]:
    """Return how well clips are calibrated by the bundle's calibration of frames, and by one of
    clips, fitted on all people but the one that is judged.
    """
    scores = clips.by(rule)
    crossed = np.empty_like(scores)
    for name in np.unique(clips.people):
        held = clips.people == name
        slope, intercept = fit_slope(clips.labels[~held], scores[~held])
        crossed[held] = slope * scores[held] + intercept
    return [
        Level(name, calibration_loss(clips.labels, each), balanced_log_loss(clips.labels, each))
        for name, each in (("of frames", scores), ("of clips, person left out", crossed))
    ]


def frame_spread(faces: pl.DataFrame) -> float:
    """Return the usual standard deviation of the logits of one clip's frames, over all clips."""
    clips = faces.group_by("condition", "clip", maintain_order=True).agg("logit")
    return usual_spread([np.array(each) for each in clips["logit"]])


def _areas(clips: Clips, scores: Floats, weights: Floats) -> dict[str, Floats]:
    """Return the AUC, [S], within each condition under each weighting [S, N] of the clips."""
    found = {}
    for name in clips.named:
        rows = clips.conditions == name
        ranks = weighted.curve(clips.labels[rows], scores[rows], weights[:, rows])
        found[name] = weighted.roc_auc(ranks)
    return found
