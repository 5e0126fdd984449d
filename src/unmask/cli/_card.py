"""A model's card as text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from unmask.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INDENT = 2


def print_models(identities: Iterable[Mapping[str, str]]) -> None:
    """Print one line a model: name, version, hash."""
    for identity in identities:
        columns = (printable(identity[key]) for key in ("name", "version", "sha256"))
        sys.stdout.write("  ".join(columns) + "\n")


def print_card(sha256: str, card: Mapping[str, Any]) -> None:
    """Print a card as an indented outline. Its text is data: shown, never read as markup."""
    for line in _outline({**card, "sha256": sha256}, 0):
        sys.stdout.write(line + "\n")


def _outline(value: object, depth: int) -> Iterable[str]:
    pad = " " * (depth * _INDENT)
    if isinstance(value, dict):
        for key, item in value.items():
            name = printable(str(key)).replace("_", " ")
            if _is_short(item):
                yield f"{pad}{name}: {_short(item)}"
            else:
                yield f"{pad}{name}:"
                yield from _outline(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            if _is_short(item):
                yield f"{pad}- {_short(item)}"
            else:
                inner = list(_outline(item, depth + 1))
                yield f"{pad}- {inner[0].lstrip()}"
                yield from inner[1:]
    else:
        yield f"{pad}{_short(value)}"


def _is_short(value: object) -> bool:
    """Tell whether ``value`` fits on the line of its name: a plain value, or numbers in a row."""
    if isinstance(value, dict):
        return not value
    if isinstance(value, list):
        return all(item is None or isinstance(item, (int, float)) for item in value)
    return True


def _short(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]" if value else "none"
    if isinstance(value, dict):
        return "none"
    return printable(str(value))
