"""Cleaning: what does not belong in a data set is marked with the reason, and stays in its place.

The rules are those of the project that unmask grew out of: videos with an unusual number of frames
go first, then the fakes whose original is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import polars as pl

from unmask.data.manifest import check_manifest
from unmask.errors import SettingError

FRAMES: Final = (200, 400)
"""Frame numbers, both included, that a video is expected to have: 300 at 30 a second, and a
margin. In faces cut from the DFDC, twice as many mean two people."""

ABSENT: Final = "listed, but not there"
ORPHANED: Final = "its original is left out or not there"


@dataclass(frozen=True)
class Cleaned:
    """A manifest with marked rows.

    Attributes:
        manifest: the rows, all of them.
        before: rows that were left out already.
        absent: rows marked because there is no file,
        outliers: because of the number of their frames,
        orphans: because their original went or never was there.
        left: rows in use.
        not_judged: dataset -> why the rule on frames was skipped there.
    """

    manifest: pl.DataFrame
    before: int
    absent: int
    outliers: int
    orphans: int
    left: int
    not_judged: dict[str, str]


def clean(
    manifest: pl.DataFrame, *, frames: tuple[int, int] = FRAMES, anew: bool = False
) -> Cleaned:
    """Mark absent files, outliers by number of frames, and the fakes that lose their original.

    A fake without a known original is no orphan. The rule on frames is skipped for datasets that
    have one picture a video, and for those whose frames have not been counted.

    Args:
        manifest: the rows.
        frames: fewest and most frames of a video that stays.
        anew: whether to take all earlier marks back first; else they stand.

    Raises:
        SettingError: ``frames`` are not a range.
    """
    low, high = frames
    if not 1 <= low <= high:
        raise SettingError(f"frames must be a range from 1 upwards. Got {low} to {high}")
    if anew:
        manifest = manifest.with_columns(excluded=pl.lit(None, pl.String))
    counts = [manifest["excluded"].count()]
    not_judged = _not_judged(manifest)
    outside = ~pl.col("frames").is_between(low, high) & ~pl.col("dataset").is_in([*not_judged])
    why = pl.format("{} frames, outside {}-{}", "frames", pl.lit(low), pl.lit(high))
    for condition, reason in ((pl.col("frames") == 0, pl.lit(ABSENT)), (outside, why)):
        manifest = _mark(manifest, condition, reason)
        counts.append(manifest["excluded"].count())
    while (marked := _mark_orphans(manifest))["excluded"].count() > manifest["excluded"].count():
        manifest = marked  # and again, should a fake be made from a fake
    counts.append(manifest["excluded"].count())
    check_manifest(manifest)
    absent, outliers, orphans = (after - before for before, after in pairwise(counts))
    left = len(manifest) - counts[-1]
    return Cleaned(manifest, counts[0], absent, outliers, orphans, left, not_judged)


def missing_original(manifest: pl.DataFrame) -> pl.Series:
    """Return for each row whether it is in use while the original it names is not."""
    there = manifest.filter(pl.col("excluded").is_null() & (pl.col("frames") != 0).fill_null(True))
    originals = there.select("dataset", original_id="video_id", there=pl.lit(value=True))
    joined = manifest.join(
        originals, on=["dataset", "original_id"], how="left", maintain_order="left"
    )
    gone = pl.col("original_id").is_not_null() & pl.col("there").is_null()
    return joined.select(missing=gone & pl.col("excluded").is_null()).to_series()


def _mark_orphans(manifest: pl.DataFrame) -> pl.DataFrame:
    marked = manifest.with_columns(missing_original(manifest))
    return _mark(marked, pl.col("missing"), pl.lit(ORPHANED)).drop("missing")


def _mark(manifest: pl.DataFrame, condition: pl.Expr, reason: pl.Expr) -> pl.DataFrame:
    new = pl.when(condition).then(reason)
    return manifest.with_columns(excluded=pl.coalesce("excluded", new))


def _not_judged(manifest: pl.DataFrame) -> dict[str, str]:
    """Return why the rule on frames does not apply, for the datasets where it does not."""
    most = manifest.group_by("dataset").agg(pl.col("frames").max()).sort("dataset")
    reasons = {None: "its frames have not been counted", 1: "it has one picture a video"}
    return {dataset: reasons[n] for dataset, n in most.iter_rows() if n in reasons}
