"""What an evaluation found: typed values, and the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import polars as pl
from pydantic import Field, ValidationError

from unmask.detect.card import Measure
from unmask.errors import DataError
from unmask.types import ModelIdentity, Value

RESULTS: Final = "results.json"
SCORES: Final = "scores.parquet"
FRAMES: Final = "frames.parquet"

BAND: Final = "the verdict band"
HALF: Final = "probability .5"
"""The two points at which media are called fake: the bundle's own bar, and even odds."""

Level = Literal["medium", "track", "frame"]
Kind = Literal["all", "method", "size"]


class Figure(Value):
    """One figure with its 95 % interval; ``prior`` where it holds for one share of fakes only."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    prior: float | None = None


class Confusion(Value):
    """What the reals and the fakes were called at one point; abstentions are called nothing."""

    point: str
    reals: dict[str, int]
    fakes: dict[str, int]


class Part(Value):
    """The figures of some rows of one source.

    ``count`` rows at a ``level``, of ``people`` (families where people are unknown), over which
    intervals are bootstrapped. A method's part holds its fakes and all reals of the source.
    Figures that are undefined, such as an AUC without fakes, are not there.
    """

    source: str
    level: Level = "medium"
    kind: Kind = "all"
    name: str = ""
    count: int
    reals: int
    fakes: int
    people: int
    base_rate: float
    confusions: tuple[Confusion, ...] = ()
    figures: tuple[Figure, ...] = ()

    def figure(self, name: str, prior: float | None = None) -> Figure | None:
        """Return the figure of that name, at that prior if it depends on one."""
        found = (each for each in self.figures if (each.name, each.prior) == (name, prior))
        return next(found, None)


class Source(Value):
    """A dataset that was scored; ``problems`` counts what ingesting it reported."""

    name: str
    manifest_sha256: str
    media: int
    problems: int = 0


class Results(Value):
    """All figures of a bundle on the media of some sources.

    ``cross_fitted`` are the figures of a card, with calibration and bands fitted on other people;
    ``note`` says what the probabilities of all other figures are fitted on.
    """

    schema_version: int = Field(default=1, ge=1, le=1)
    model: ModelIdentity
    unmask: str
    split: str
    frames: int
    priors: tuple[float, ...]
    specificities: tuple[float, ...]
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    note: str
    cross_fitted: tuple[Measure, ...] = ()


def read_results(folder: Path) -> tuple[Results, pl.DataFrame]:
    """Return the results and the score of every medium that `unmask evaluate --out` wrote.

    Raises:
        DataError: they are not there, or not readable by this version.
    """
    try:
        results = Results.model_validate_json((folder / RESULTS).read_bytes())
        return results, pl.read_parquet(folder / SCORES)
    except OSError as error:
        raise DataError(
            f"{folder}: no results there ({error.strerror or error}); "
            "make them with `unmask evaluate … --out`"
        ) from error
    except (ValidationError, pl.exceptions.PolarsError) as error:
        line = str(error).partition("\n")[0]
        raise DataError(f"{folder}: results cannot be read ({line}); evaluate anew") from error
