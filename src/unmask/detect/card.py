"""The card of a bundle: everything about a detector that is not its weights."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from unmask.detect.quality import Positive, Quality
from unmask.faces import CropSpec
from unmask.types import Value

SCHEMA_VERSION: Final = 1

Triple = tuple[float, float, float]
Rule = Literal["mean", "weighted mean", "trimmed mean", "top half mean", "confident mean"]


class Normalisation(Value):
    """The network sees (pixel / 255 - mean) / std, channels RGB."""

    mean: Triple = (0.5, 0.5, 0.5)
    std: tuple[Positive, Positive, Positive] = (0.5, 0.5, 0.5)


class Calibration(Value):
    """From a logit to a score: slope * logit + intercept is the log-odds of fake at even odds.

    ``replicates`` are (slope, intercept) refitted on bootstrap samples of the calibration
    identities; they carry the calibration's own uncertainty into every interval. ``frame_spread``
    is the usual standard deviation of the logits of one clip's frames, in logits; 0 where it is
    not known.
    """

    slope: float = Field(gt=0)
    intercept: float
    replicates: tuple[tuple[float, float], ...] = Field(min_length=20)
    fitted_on: str
    statement: str
    frame_spread: float = Field(default=0.0, ge=0)


class RealPool(Value):
    """Scores of real media of one source, against which false alarms are counted.

    ``highest`` are the highest scores in falling order, ``count`` is the number of all.
    """

    source: str
    count: int = Field(gt=0)
    highest: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _falling(self) -> RealPool:
        if list(self.highest) != sorted(self.highest, reverse=True):
            raise ValueError("highest must be in falling order")
        if len(self.highest) > self.count:
            raise ValueError("highest must not hold more scores than count")
        return self

    def threshold(self, rate: float) -> float | None:
        """Return the score that at most a share ``rate`` of new reals exceeds, None if unknown.

        The split-conformal quantile: of n reals, the floor(rate * (n + 1))-th highest. It bounds
        the false-alarm rate for media exchangeable with the pool (Vovk et al., 2005).
        """
        rank = int(rate * (self.count + 1) + 1e-9)
        if rank < 1:
            return None
        return self.highest[min(rank, len(self.highest)) - 1]


class Bands(Value):
    """Where the verdicts begin.

    ``real_below`` is the score below which at most a share ``miss_rate`` of the validation fakes
    fall.
    """

    pools: tuple[RealPool, ...] = Field(min_length=1)
    real_below: float
    miss_rate: float = Field(default=0.05, gt=0, lt=1)

    def fake_above(self, rate: float, faces: int = 1) -> float | None:
        """Return the score above which the verdict is fake, None where no pool can vouch for it.

        Args:
            rate: false alarms allowed per medium.
            faces: people scored in the medium. The highest of their scores is compared, so each
                may use up 1 - (1 - rate)^(1 / faces) only (Šidák).

        The strictest pool decides; a pool too small for the rate counts with its highest score,
        so long as another one can vouch.
        """
        share = 1 - (1 - rate) ** (1 / faces)
        found = [pool.threshold(share) for pool in self.pools]
        if all(threshold is None for threshold in found):
            return None
        return max(
            pool.highest[0] if threshold is None else threshold
            for pool, threshold in zip(self.pools, found, strict=True)
        )


class Measure(Value):
    """One measured figure: on what, in which unit, with its 95 % interval, and by which command."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    data: str
    unit: str
    count: int = Field(ge=0)
    note: str = ""


class Card(Value):
    """The card, stored as JSON in the bundle's metadata.

    ``input`` says what the network takes: ``frame``, single crops [B, 3, S, S]; or ``sequence``,
    crops of one person in order of time [B, T, 3, S, S] and a mask, bool [B, T], of those that are
    there. ``length`` is that T. ``aggregation`` is the rule by which a person's scores become one,
    see `unmask.detect.aggregate.combine`; ``quality`` says which faces count in full.
    """

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    version: str
    description: str
    licence: str
    input: Literal["frame", "sequence"] = "frame"
    length: int | None = Field(default=None, ge=1, le=256)
    crop: CropSpec
    normalisation: Normalisation = Normalisation()
    aggregation: Rule = "mean"
    quality: Quality = Quality()
    calibration: Calibration
    bands: Bands
    results: tuple[Measure, ...] = ()
    measured_by: str = ""
    training: dict[str, Any] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _length_of_sequences(self) -> Card:
        if (self.input == "sequence") != (self.length is not None):
            raise ValueError("length must be given for sequences, and for them only")
        return self
