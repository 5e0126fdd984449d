"""Options in the units people write: 4GiB, 64M, 90s, 2h."""

import re

import typer

_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([A-Za-z]*)\s*")

_BYTES = {
    "": 1,
    "b": 1,
    **{unit: 1000**power for power, unit in enumerate(("kb", "mb", "gb", "tb"), start=1)},
    **{unit: 1024**power for power, unit in enumerate(("kib", "mib", "gib", "tib"), start=1)},
}
_COUNTS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_SECONDS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}


def parse_bytes(text: str) -> int:
    """Return the bytes that ``text`` stands for: ``4GiB`` is 4 * 1024**3, ``4GB`` 4 * 1000**3."""
    return int(_scale(text, _BYTES, "a size such as 500MB or 4GiB"))


def parse_count(text: str) -> int:
    """Return the number that ``text`` stands for: ``64M`` is 64,000,000."""
    return int(_scale(text, _COUNTS, "a number such as 250000 or 64M"))


def parse_seconds(text: str) -> float:
    """Return the seconds that ``text`` stands for: ``90``, ``90s``, ``1.5min`` and ``2h``."""
    return _scale(text, _SECONDS, "a time such as 90s, 30min or 2h")


def parse_shares(text: str) -> tuple[float, ...]:
    """Return the numbers that ``text`` holds between slashes: ``64/16/20``."""
    try:
        return tuple(float(part) for part in text.split("/"))
    except ValueError as error:
        raise typer.BadParameter(
            f"must be numbers between slashes, such as 64/16/20. Got {text!r}"
        ) from error


def _scale(text: str, units: dict[str, int], wanted: str) -> float:
    match = _NUMBER.fullmatch(str(text))  # a default comes as the number that it is
    unit = units.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise typer.BadParameter(f"must be {wanted}. Got {text!r}")
    return float(match[1]) * unit
