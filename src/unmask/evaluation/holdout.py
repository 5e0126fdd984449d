"""What reals of a source are called by bands that were fitted without that source.

Bands are promised to hold on cameras that took no part in their fit. So each source of reals is
judged by bands whose pools are the other sources only. The level below which the verdict is real
needs fakes; they come from the one source that has them, by people other than those who are judged.
Bands only order media, so logits stand in for calibrated scores. Media of split ``external`` enter
no fit and are only reported on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from unmask.detect.aggregate import decide, thresholds
from unmask.detect.card import Bands, Calibration
from unmask.errors import DataError
from unmask.evaluation.calibrate import FOLDS, Scores, deal_folds, fit_bands
from unmask.evaluation.published import exact_share
from unmask.evaluation.results import Figure
from unmask.types import Value

VERDICTS = ("fake", "uncertain", "real", "")
"""What a medium may be called; nothing where it was abstained on."""

AS_IT_IS: Final = Calibration(
    slope=1.0,
    intercept=0.0,
    replicates=((1.0, 0.0),) * 20,
    fitted_on="nothing",
    statement="logits as they are",
)
"""Makes scores of logits without changing them."""


class Judged(Value):
    """What the reals or the fakes of a split of a source are called.

    ``fitted_on`` names the sources of the bands; ``report_only`` says that these media may never
    choose anything. ``counts`` are by verdict, see `VERDICTS`.
    """

    source: str
    split: str
    kind: str
    fitted_on: tuple[str, ...]
    counts: dict[str, int]
    report_only: bool = False

    @property
    def media(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def called_fake(self) -> Figure:
        """Share called fake, with its exact binomial interval; what was abstained on is not."""
        return exact_share("called fake", self.counts.get("fake", 0), self.media)


def hold_out(
    fitted: Sequence[pl.DataFrame], reported: Sequence[pl.DataFrame] = (), *, rate: float = 0.01
) -> list[Judged]:
    """Return what every source is called by bands fitted without its reals.

    Args:
        fitted: score tables of `unmask.evaluation.scores.score_rows`, one a source; the first holds
            fakes as well, on which the calibration is fitted. A source's own fakes are judged too.
        reported: further tables, one a source and split, which enter no fit; they are judged by
            bands of the fitted sources of other names.
        rate: false alarms allowed.

    Raises:
        DataError: an external row is among those to fit on, the first source lacks reals or fakes,
            or there is no second source.
    """
    sets = [Scores.of(frame) for frame in fitted]
    if len(sets) < 2:
        raise DataError(f"to leave a source out takes at least 2 of them. Got {len(sets)}")
    found = []
    for number, (frame, scores) in enumerate(zip(fitted, sets, strict=True)):
        others = [each for place, each in enumerate(sets) if place != number]
        found += _count(frame, _by_others(sets[0], scores, frame, others, rate), others)
    for frame in reported:
        others = [each for each in sets if each.dataset != frame["dataset"][0]]
        said = _said(frame, fit_bands(sets[0], others, AS_IT_IS), rate)
        found += [
            each.model_copy(update={"report_only": True}) for each in _count(frame, said, others)
        ]
    return found


def _by_others(
    main: Scores, scores: Scores, frame: pl.DataFrame, others: Sequence[Scores], rate: float
) -> list[str]:
    """Return the verdicts of a source; where it is ``main`` itself, each from other people."""
    if scores is not main:
        return _said(frame, fit_bands(main, others, AS_IT_IS), rate)
    folds, said = deal_folds(main.people), [""] * len(frame)
    for fold in range(FOLDS):
        bands = fit_bands(main.take(folds != fold), others, AS_IT_IS)
        held = np.flatnonzero(folds == fold)
        for row, verdict in zip(held, _said(frame[held], bands, rate), strict=True):
            said[row] = verdict
    return said


def _said(frame: pl.DataFrame, bands: Bands, rate: float) -> list[str]:
    """Return the verdict of each medium, corrected for its number of people; "" if abstained."""
    return [
        "" if logit is None else decide(logit, thresholds(bands, rate, people))
        for logit, people in frame.select("logit", "people").iter_rows()
    ]


def _count(frame: pl.DataFrame, said: Sequence[str], others: Sequence[Scores]) -> list[Judged]:
    rows = frame.select("label", "split", verdict=pl.Series(said, dtype=pl.String))
    found = []
    for label, kind in ((0, "reals"), (1, "fakes")):
        counts = Counter(rows.filter(label=label)["verdict"])
        if counts:
            found.append(
                Judged(
                    source=frame["dataset"][0],
                    split=rows["split"][0],
                    kind=kind,
                    fitted_on=tuple(each.dataset for each in others),
                    counts={word: counts[word] for word in VERDICTS},
                )
            )
    return found
