"""Runs side by side on the media they share, with a paired test, beside published results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from unmask.errors import DataError, SettingError
from unmask.evaluation import weighted
from unmask.evaluation.figures import draw_roc
from unmask.evaluation.metrics import resample
from unmask.evaluation.published import CAPSTONE, MARK, Published
from unmask.evaluation.results import Part, read_results
from unmask.evaluation.summary import Plan, Rows, describe, interval
from unmask.evaluation.weighted import Floats
from unmask.types import ModelIdentity, Value

KEYS: Final = ("dataset", "video_id")


class Run(Value):
    """One evaluated bundle; ``media`` is how many it was evaluated on."""

    name: str
    model: ModelIdentity
    split: str
    frames: int
    media: int


class Difference(Value):
    """How much higher a figure of ``run`` is than that of ``against``, on the same media."""

    source: str
    run: str
    against: str
    name: str
    value: float
    interval: tuple[float, float] | None

    @property
    def excludes_zero(self) -> bool:
        """Whether the 95 % interval lies on one side of zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


class Comparison(Value):
    """Runs on the media that all of them were evaluated on.

    ``parts`` holds for each source and run, in order, the figures on the shared media;
    ``differences`` are all to the first run. ``published`` are of another test set.
    """

    schema_version: int = 1
    prior: float
    specificities: tuple[float, ...]
    runs: tuple[Run, ...]
    parts: tuple[Part, ...]
    differences: tuple[Difference, ...]
    published: tuple[Published, ...] = CAPSTONE

    def parts_of(self, source: str) -> tuple[tuple[Run, Part], ...]:
        """Return each run with its part of a source."""
        parts = [part for part in self.parts if part.source == source]
        return tuple(zip(self.runs, parts, strict=True))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in order."""
        return tuple(dict.fromkeys(part.source for part in self.parts))


def compare(
    folders: Sequence[Path],
    *,
    prior: float = CAPSTONE[0].base_rate,
    specificities: tuple[float, ...] = (0.83, 0.99),
    out: Path | None = None,
    samples: int = 1000,
) -> Comparison:
    """Compare what `unmask evaluate --out` wrote to ``folders``; the first is the reference.

    Args:
        folders: at least one.
        prior: share of fakes at which precision and losses are stated, for all alike.
        specificities: at which recall is stated, and its differences tested.
        out: folder for ``comparison.json`` and the figures.
        samples: bootstrap samples.

    Raises:
        DataError: a folder holds no results, the runs share no media, or differ on a label.
    """
    plan = Plan((prior,), specificities, samples)
    names = _names(folders)
    read = [read_results(folder) for folder in folders]
    shared = _shared(names, [scores for _, scores in read])
    parts, differences = [], []
    for source in dict.fromkeys(shared[0]["dataset"]):
        rows = [Rows.of(frame.filter(pl.col("dataset") == source)) for frame in shared]
        mine = [describe(each, plan, source) for each in rows]
        parts += mine
        pairs = zip(names[1:], rows[1:], strict=True)
        for name, other in pairs if 0 < mine[0].fakes < mine[0].count else ():
            differences += _differences(source, (name, other), (names[0], rows[0]), plan)
        if out and 0 < mine[0].fakes < mine[0].count:
            draw_roc(
                out / f"{source.replace('/', '-')}-roc.png",
                list(zip(names, rows, mine, strict=True)),
                f"{source}: {mine[0].count:,} shared media; points: {MARK}",
                [(each.name, each.recall.value, each.specificity.value) for each in CAPSTONE],
            )
    comparison = Comparison(
        prior=prior,
        specificities=specificities,
        runs=tuple(
            Run(name=name, model=run.model, split=run.split, frames=run.frames, media=len(scores))
            for name, (run, scores) in zip(names, read, strict=True)
        ),
        parts=tuple(parts),
        differences=tuple(differences),
    )
    if out:
        out.mkdir(parents=True, exist_ok=True)
        text = comparison.model_dump_json(indent=1)
        (out / "comparison.json").write_text(f"{text}\n", encoding="utf-8")
    return comparison


def _names(folders: Sequence[Path]) -> list[str]:
    """Return what each run is called: its folder's name, or path where two have the same."""
    if not folders:
        raise SettingError("compare needs at least one folder of results")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise SettingError(
            "the same folder is given twice; a run compared with itself says nothing"
        )
    short = [folder.resolve().name for folder in folders]
    return [
        name if short.count(name) == 1 else str(folder)
        for name, folder in zip(short, folders, strict=True)
    ]


def _shared(names: Sequence[str], tables: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Return each table's rows of the media that are in all, in the same order."""
    keys = tables[0].select(KEYS)
    for table in tables[1:]:
        keys = keys.join(table.select(KEYS), on=KEYS, how="semi", maintain_order="left")
    if not len(keys):
        raise DataError(f"{' and '.join(names)} share no media; evaluate them on the same data")
    shared = [keys.join(table, on=KEYS, maintain_order="left") for table in tables]
    for name, table in zip(names[1:], shared[1:], strict=True):
        apart = shared[0].filter(shared[0]["label"] != table["label"])
        if len(apart):
            raise DataError(
                f"'{apart['video_id'][0]}' is labelled otherwise in {name} than in {names[0]} "
                f"({len(apart)} such); evaluate both on the same manifest"
            )
    return shared


def _differences(
    source: str, run: tuple[str, Rows], against: tuple[str, Rows], plan: Plan
) -> list[Difference]:
    """Return the differences of two runs on the same rows, bootstrapped over the same people."""
    pair = (run[1], against[1])
    value = _gains(pair, np.ones((1, len(run[1].labels))), plan)
    blocks = [
        _gains(pair, weights, plan) for weights in resample(pair[0].people, samples=plan.samples)
    ]
    return [
        Difference(
            source=source,
            run=run[0],
            against=against[0],
            name=name,
            value=float(point[0]),
            interval=interval(float(point[0]), np.concatenate([block[name] for block in blocks])),
        )
        for name, point in value.items()
        if np.isfinite(point[0])
    ]


def _gains(pair: tuple[Rows, Rows], weights: Floats, plan: Plan) -> dict[str, Floats]:
    """Return the first's figures less the second's, [S]; areas of what both scored."""
    both = pair[0].scored & pair[1].scored
    found: dict[str, Floats] = {}
    if both.any():
        areas = [
            weighted.roc_auc(weighted.curve(r.labels[both], r.scores[both], weights[:, both]))
            for r in pair
        ]
        found["ROC AUC"] = areas[0] - areas[1]
    ranks = [weighted.curve(r.labels, r.scores, weights) for r in pair]
    for level in plan.specificities:
        first, second = (weighted.recall_at(each, level) for each in ranks)
        found[f"recall at specificity {level:g}"] = first - second
    return found
