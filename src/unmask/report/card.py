"""A model's card for a reader: the facts, the measured results and the limits it states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Outline: TypeAlias = "str | list[Outline] | dict[str, Outline]"

# What a card holds for the machine, or what stands elsewhere on the page.
_SKIPPED = frozenset({"schema_version", "name", "version", "crop", "normalisation", "bands"})
_APART = frozenset({"calibration", "results", "limits"})
_NOTHING = ("", "none", "–")
_LINE = 80  # characters that a list may take up before its items get a line each


@dataclass(frozen=True)
class Result:
    """A measured figure, as text; ``interval`` and ``note`` may be empty."""

    name: str
    value: str
    interval: str
    data: str
    count: str
    note: str


@dataclass(frozen=True)
class CardSummary:
    """What a card says to a reader; ``details`` are long, and for those who want to check."""

    facts: dict[str, Outline]
    details: dict[str, Outline] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)


def summarize_card(card: Mapping[str, Any]) -> CardSummary:
    """Return the summary of ``card``, the values of a :class:`unmask.detect.Card`.

    Parts that a later version of the card may add are shown as they stand.
    """
    facts: dict[str, Outline] = {}
    for key, value in card.items():
        if key not in _SKIPPED | _APART:
            facts[key.replace("_", " ").capitalize()] = outline(value)
    calibration = card.get("calibration", {})
    facts["Calibration"] = calibration.get("statement", "")
    facts["Calibrated on"] = calibration.get("fitted_on", "")
    pools = card.get("bands", {}).get("pools", ())
    facts["False alarms counted on"] = ", ".join(
        f"{pool['source']} ({pool['count']:,} real)" for pool in pools
    )
    shown = {name: value for name, value in facts.items() if value not in _NOTHING}
    return CardSummary(
        facts={name: value for name, value in shown.items() if isinstance(value, str)},
        details={name: value for name, value in shown.items() if not isinstance(value, str)},
        results=[_result(measure) for measure in card.get("results", ())],
        limits=[str(limit) for limit in card.get("limits", ())],
    )


def outline(value: object) -> Outline:
    """Return ``value`` (anything that JSON can hold) with every leaf as text.

    Numbers get four digits, and a short list of plain values becomes one text.

    >>> outline({"auc": 0.93251, "interval": [0.91, 0.95], "splits": [{"n": 10}]})
    {'auc': '0.9325', 'interval': '0.91, 0.95', 'splits': [{'n': '10'}]}
    """
    if isinstance(value, Mapping):
        names = {str(key).replace("_", " "): outline(item) for key, item in value.items()}
        return names or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        line = ", ".join(map(_leaf, value)) or "none"
        if all(map(_is_plain, value)) and len(line) <= _LINE:
            return line
        return [outline(item) for item in value]
    return _leaf(value)


def _result(measure: Mapping[str, Any]) -> Result:
    interval = measure.get("interval")
    return Result(
        name=str(measure["name"]),
        value=f"{measure['value']:.3f}",
        interval="" if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}",
        data=str(measure.get("data", "")),
        count=f"{measure.get('count', 0):,} {measure.get('unit', '')}".strip(),
        note=str(measure.get("note", "")),
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _leaf(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
