"""What the commands of ``unmask data`` say about a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unmask.cli._console import say

if TYPE_CHECKING:
    from polars import DataFrame


def say_splits(manifest: DataFrame) -> None:
    """Say how many reals and fakes each split has, and how many rows cleaning left out."""
    left_out = manifest["excluded"].count()
    used = manifest.filter(manifest["excluded"].is_null())
    counts = used.group_by("split", "label").len().sort("split", "label")
    for split, label, count in counts.iter_rows():
        say(f"{split or 'no split'}: {count} {'fake' if label else 'real'}")
    if left_out:
        say(f"{left_out} left out by cleaning")
