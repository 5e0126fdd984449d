"""The figures of robustness: a curve for each degradation, and what each takes, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.evaluation import robustness as names
from unmask.evaluation.rescore import UNTOUCHED
from unmask.evaluation.robustness import Condition, Robustness
from unmask.plots import COLOURS, FAKE, NEUTRAL, new_figure, save

CURVES = (
    (names.AUC, "ROC AUC"),
    (names.REFITTED, "recall, threshold refitted"),
    (names.RECALL, "recall, threshold of untouched media"),
    (names.KEPT, "specificity at that threshold"),
)


def draw_curves(out: Path, results: Robustness) -> list[Path]:
    """Draw for each source a curve a degradation, and the AUC lost under all; return the files."""
    made = []
    for source in results.sources:
        untouched, *conditions = results.of(source)
        start = source.replace("/", "-")
        for name in dict.fromkeys(each.degradation for each in conditions):
            steps = [untouched, *(each for each in conditions if each.degradation == name)]
            made.append(_curve(out / f"{start}-{name}.png", steps, results.specificity))
        lost = [each for each in conditions if each.figure(names.LOST)]
        if lost:
            made.append(_bars(out / f"{start}-auc-lost.png", lost))
    return made


def label(condition: Condition) -> str:
    """Return the level as axes and tables name it."""
    return UNTOUCHED if condition.level is None else f"{condition.level:g}"


def _curve(path: Path, steps: Sequence[Condition], specificity: float) -> Path:
    """Measures against severity, the untouched media first, side by side so that bars are seen."""
    figure, axes = new_figure(5.4, 3.9)
    shown = [pair for pair in CURVES if steps[0].figure(pair[0])]
    for number, (colour, (name, title)) in enumerate(zip(COLOURS, shown, strict=False)):
        found = [(place, f) for place, each in enumerate(steps) if (f := each.figure(name))]
        ends = [f.interval or (f.value, f.value) for _, f in found]
        axes.errorbar(
            [place + 0.06 * (number - (len(shown) - 1) / 2) for place, _ in found],
            [f.value for _, f in found],
            yerr=[
                [f.value - low for (_, f), (low, _) in zip(found, ends, strict=True)],
                [high - f.value for (_, f), (_, high) in zip(found, ends, strict=True)],
            ],
            fmt="o-", color=colour, capsize=2, markersize=4, linewidth=1.2, label=title,
        )  # fmt: skip
    axes.set_xticks(range(len(steps)), [label(each) for each in steps])
    axes.set_xlabel(steps[-1].title)
    axes.set_ylim(0, 1.01)
    axes.set_title(
        f"{steps[0].source}: {steps[0].reals:,} real, {steps[0].fakes:,} fake of "
        f"{steps[0].people:,} people or families\nthresholds at specificity {specificity:g}",
        fontsize=9,
    )
    figure.legend(fontsize=7, loc="outside lower center", ncols=2)
    return save(figure, path)


def _bars(path: Path, conditions: Sequence[Condition]) -> Path:
    """The AUC lost under each condition, paired with the untouched media."""
    figure, axes = new_figure(6.0, 1.1 + 0.2 * len(conditions))
    for place, each in enumerate(conditions):
        lost = each.figure(names.LOST)
        if lost:
            low, high = lost.interval or (lost.value, lost.value)
            axes.errorbar(
                lost.value, place, xerr=[[lost.value - low], [high - lost.value]], fmt="o",
                color=FAKE, capsize=2, markersize=4,
            )  # fmt: skip
    axes.set_yticks(
        range(len(conditions)), [f"{each.title} {label(each)}" for each in conditions], fontsize=7
    )
    axes.axvline(0, color=NEUTRAL, linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("AUC lost (95 % over people)")
    axes.set_title(f"{conditions[0].source}: against the same media untouched", fontsize=9)
    return save(figure, path)
