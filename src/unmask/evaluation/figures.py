"""The figures of an evaluation, as PNG files named after their source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from unmask.evaluation import weighted
from unmask.evaluation.metrics import resample
from unmask.evaluation.results import BAND, HALF, Figure, Part, Results
from unmask.evaluation.summary import Rows
from unmask.plots import COLOURS, FAKE, NEUTRAL, REAL, new_figure, save

BINS, FULL = 10, 10
"""Most bins of a reliability diagram, and the fewest media in one."""

SQUARE = 4.8


def draw(out: Path, results: Results, scores: pl.DataFrame) -> list[Path]:
    """Draw what each source allows; return the files. Few media have no reliability diagram.

    Args:
        out: folder.
        results: figures to state on them.
        scores: of the same media.
    """
    made = []
    for (name,), frame in scores.group_by("dataset", maintain_order=True):
        rows, start = Rows.of(frame), out / str(name).replace("/", "-")
        parts = [part for part in results.parts if part.source == name and part.level == "medium"]
        if not rows.scored.any():
            continue
        made.append(_histogram(Path(f"{start}-scores.png"), rows, str(name)))
        if 0 < rows.labels[rows.scored].sum() < rows.scored.sum():
            specificity = results.specificities[0]
            made += [
                draw_roc(Path(f"{start}-roc.png"), [("", rows, parts[0])], str(name)),
                _precision(Path(f"{start}-pr.png"), rows, parts[0], results.priors),
                _bars(Path(f"{start}-methods.png"), parts, specificity, str(name)),
            ]
            if rows.scored.sum() >= 2 * FULL:
                path = Path(f"{start}-reliability.png")
                made.append(_reliability(path, rows, str(name), results.split))
    return made


def draw_roc(
    path: Path,
    runs: Sequence[tuple[str, Rows, Part]],
    title: str,
    published: Sequence[tuple[str, float, float]] = (),
) -> Path:
    """Draw the ROC curves of runs and, as points, published (name, recall, specificity)."""
    figure, axes = new_figure(SQUARE + 0.6, SQUARE + 0.4)
    for colour, (name, rows, part) in zip(COLOURS, runs, strict=False):
        ranks = _curve(rows)
        area = _stated("AUC", part.figure("ROC AUC"))
        axes.plot(
            ranks.reals[0], ranks.fakes[0], color=colour, label=f"{name}: {area}" if name else area
        )
        for point, marker in ((BAND, "s"), (HALF, "o")) if len(runs) == 1 else ((HALF, "o"),):
            recall = part.figure(f"recall at {point}")
            specificity = part.figure(f"specificity at {point}")
            if recall and specificity:
                axes.errorbar(
                    1 - specificity.value, recall.value, yerr=_bar_of(recall), fmt=marker,
                    color=colour, markersize=5, capsize=2, zorder=5, clip_on=False,
                    label=f"called fake at {point}" if len(runs) == 1 else None,
                )  # fmt: skip
    for marker, (name, recall_value, specificity_value) in zip("D^v<>", published, strict=False):
        axes.plot(
            1 - specificity_value, recall_value, marker, color=NEUTRAL, markersize=6,
            markerfacecolor="none", label=name, clip_on=False, zorder=4,
        )  # fmt: skip
    axes.plot((0, 1), (0, 1), color=NEUTRAL, linewidth=0.8, linestyle=":")
    _unit_square(axes, "share of reals called fake", "share of fakes called fake", title)
    axes.legend(loc="lower right", fontsize=7)
    return save(figure, path)


def _precision(path: Path, rows: Rows, part: Part, priors: Sequence[float]) -> Path:
    figure, axes = new_figure(SQUARE, SQUARE)
    ranks = _curve(rows)
    for colour, prior in zip(COLOURS, dict.fromkeys((part.base_rate, *priors)), strict=False):
        hits, alarms = prior * ranks.fakes[0, 1:], (1 - prior) * ranks.reals[0, 1:]
        axes.step(
            ranks.fakes[0, 1:], hits / (hits + alarms), where="pre", color=colour,
            label=f"{prior:.1%} fake: {_stated('area', part.figure('PR AUC', prior))}",
        )  # fmt: skip
        axes.axhline(prior, color=colour, linewidth=0.8, linestyle=":")
    _unit_square(axes, "share of fakes called fake", "precision", part.source)
    axes.legend(loc="lower left", fontsize=7)
    return save(figure, path)


def _reliability(path: Path, rows: Rows, source: str, split: str) -> Path:
    """Share of fakes against probability at even odds, in bins of equal numbers of media."""
    labels, scores = rows.labels[rows.scored], rows.scores[rows.scored]
    chances = weighted.posteriors(scores, 0.5)
    parts = np.array_split(np.argsort(scores, kind="stable"), min(BINS, len(scores) // FULL))
    members = np.zeros((len(scores), len(parts)))
    for number, part in enumerate(parts):
        members[part, number] = 1

    def shares(weights: weighted.Floats) -> weighted.Floats:
        fakes = (weights * labels) @ members / np.maximum(weights @ labels, 1)[:, None]
        reals = (weights * (1 - labels)) @ members / np.maximum(weights @ (1 - labels), 1)[:, None]
        total = fakes + reals
        return fakes / np.where(total == 0, np.nan, total)

    point = shares(np.ones((1, len(labels))))[0]
    samples = np.concatenate([shares(weights) for weights in resample(rows.people[rows.scored])])
    # A bin that hardly any sample fills has no interval.
    filled = np.isfinite(samples).mean(axis=0) > 0.5
    low, high = np.full(len(parts), np.nan), np.full(len(parts), np.nan)
    low[filled], high[filled] = np.nanpercentile(samples[:, filled], (2.5, 97.5), axis=0)
    spread = np.abs([np.minimum(low - point, 0), np.maximum(high - point, 0)])
    figure, axes = new_figure(SQUARE, SQUARE)
    axes.plot((0, 1), (0, 1), color=NEUTRAL, linewidth=0.8, linestyle=":")
    means = [chances[part].mean() for part in parts]
    axes.errorbar(means, point, yerr=spread, fmt="o-", color=REAL, capsize=2, markersize=4)
    where = f"{source}, {len(parts)} bins of {len(parts[-1])} to {len(parts[0])}"
    note = (
        "\nthe bundle's own calibration, which is fitted on split 'val'" if split == "val" else ""
    )
    _unit_square(axes, "probability of fake at even odds", "share of fakes", f"{where}{note}")
    return save(figure, path)


def _histogram(path: Path, rows: Rows, source: str) -> Path:
    figure, axes = new_figure()
    known = rows.scores[rows.scored]
    edges = np.linspace(known.min(), known.max() + 1e-9, 41).tolist()
    for label, name, colour in ((0, "real", REAL), (1, "fake", FAKE)):
        scores = rows.scores[rows.scored & (rows.labels == label)]
        count = int((rows.labels == label).sum())
        if len(scores):
            shares = np.full(len(scores), 1 / len(scores))
            kind = f"{name}: {len(scores):,} of {count:,} scored"
            axes.hist(scores, edges, weights=shares, color=colour, alpha=0.5, label=kind)
            axes.hist(scores, edges, weights=shares, color=colour, histtype="step")
    axes.axvline(0, color=NEUTRAL, linewidth=0.8, linestyle=":", label="probability .5")
    axes.set_xlabel("score: log-odds of fake at even odds")
    axes.set_ylabel("share of media")
    axes.set_title(source, fontsize=9)
    axes.legend(fontsize=7)
    return save(figure, path)


def _bars(path: Path, parts: Sequence[Part], specificity: float, source: str) -> Path:
    """Recall of all fakes, of each method and in each bin of face sizes."""
    name = f"recall at specificity {specificity:g}"
    shown = [(part, recall) for part in parts if (recall := part.figure(name))]
    figure, axes = new_figure(6.4, 1.3 + 0.32 * len(shown))
    colours = {"all": NEUTRAL, "method": FAKE, "size": REAL}
    titles = {"all": "all", "method": "method: ", "size": "face "}
    for place, (part, recall) in enumerate(shown):
        axes.barh(
            place, recall.value, xerr=_bar_of(recall), color=colours[part.kind], alpha=0.75,
            height=0.7, error_kw={"capsize": 2, "linewidth": 1},
        )  # fmt: skip
    axes.set_yticks(
        range(len(shown)),
        [f"{titles[p.kind]}{p.name}\n{p.fakes:,} fake, {p.reals:,} real" for p, _ in shown],
        fontsize=7,
    )
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 1)
    axes.set_xlabel(name)
    axes.set_title(source, fontsize=9)
    return save(figure, path)


def _curve(rows: Rows) -> weighted.Curve:
    scored = rows.scored
    return weighted.curve(rows.labels[scored], rows.scores[scored], np.ones((1, scored.sum())))


def _stated(name: str, figure: Figure | None) -> str:
    if figure is None:
        return f"{name} undefined"
    if figure.interval is None:
        return f"{name} {figure.value:.3f}"
    return f"{name} {figure.value:.3f} ({figure.interval[0]:.3f}–{figure.interval[1]:.3f})"


def _bar_of(figure: Figure) -> list[list[float]]:
    low, high = figure.interval or (figure.value, figure.value)
    return [[figure.value - low], [high - figure.value]]


def _unit_square(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=9)
