"""A model's card as text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from unmask.report.card import summarize_card
from unmask.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from unmask.report.card import Outline, Result

_STEP = "  "


def print_models(identities: Iterable[Mapping[str, str]]) -> None:
    """Print one line a model: name, version, hash."""
    for identity in identities:
        columns = (printable(identity[key]) for key in ("name", "version", "sha256"))
        sys.stdout.write(_STEP.join(columns) + "\n")


def print_card(sha256: str, card: Mapping[str, Any]) -> None:
    """Print a card, indented. Its text is data: shown, never read as markup."""
    summary = summarize_card(card)
    shown: dict[str, Outline] = {
        "Name": f"{card['name']} {card['version']}",
        "SHA-256": sha256,
        **summary.facts,
        **summary.details,
    }
    if summary.results:
        shown["Measured"] = [_result(result) for result in summary.results]
    if summary.limits:
        shown["Limits"] = [*summary.limits]
    for line in _lines(shown):
        sys.stdout.write(line + "\n")


def _result(result: Result) -> str:
    interval = f" (95 % {result.interval})" if result.interval else ""
    note = f"; {result.note}" if result.note else ""
    return f"{result.name} {result.value}{interval} on {result.data}, {result.count}{note}"


def _lines(value: Outline) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                yield f"{printable(name)}: {printable(item)}"
            else:
                yield f"{printable(name)}:"
                yield from (_STEP + line for line in _lines(item))
    elif isinstance(value, list):
        for item in value:
            first, *others = _lines(item)
            yield f"- {first}"
            yield from (_STEP + line for line in others)
    else:
        yield printable(value)


def markdown_card(sha256: str, card: Mapping[str, Any]) -> str:
    """Return a card as a Markdown page, which MODEL_CARD.md is."""
    summary = summarize_card(card)
    facts = {"Version": str(card["version"]), "SHA-256": f"`{sha256}`", **summary.facts}
    parts = [
        f"# Model card: {_cell(card['name'])}",
        markdown_table(("fact", "value"), [(name, str(value)) for name, value in facts.items()]),
    ]
    if summary.results:
        head = ("measure", "value", "95 % interval", "data", "count", "note")
        rows = [(r.name, r.value, r.interval, r.data, r.count, r.note) for r in summary.results]
        parts += ["## Measured", markdown_table(head, rows)]
    if summary.limits:
        parts += ["## Limits", "\n".join(f"- {_cell(limit)}" for limit in summary.limits)]
    if summary.details:
        listing = "\n".join(_lines(summary.details))
        parts += ["## Details", f"```text\n{listing}\n```"]
    return "\n\n".join(parts) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; its cells are text, never markup."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
