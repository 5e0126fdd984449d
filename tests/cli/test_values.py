from __future__ import annotations

import pytest
import typer

from unmask.cli._values import parse_bytes, parse_count, parse_seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1024", 1024), ("4GiB", 4 * 1024**3), ("1.5 kB", 1500), ("500mb", 500_000_000)],
)
def test_bytes(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(("text", "count"), [("64M", 64_000_000), ("2k", 2000), ("7", 7)])
def test_count(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5min", 90), ("2h", 7200), (".5s", 0.5)]
)
def test_seconds(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "GiB", "-1", "1e9", "4 apples", "nan", "inf", "1.2.3"])
def test_anything_else_is_refused(text):
    for parse in (parse_bytes, parse_count, parse_seconds):
        with pytest.raises(typer.BadParameter, match="must be"):
            parse(text)
