"""Splitting a manifest into train, validation and test, never through a family or a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from unmask.data.manifest import SCHEMA, check_manifest
from unmask.errors import LeakError, SettingError

DRAWN: Final = ("train", "val", "test")
"""The splits that `split` draws, in the order of its shares."""


def split(
    manifest: pl.DataFrame,
    *,
    shares: Sequence[float] = (0.64, 0.16, 0.20),
    dev_share: float = 0.0,
    seed: int = 1,
    anew: bool = False,
) -> pl.DataFrame:
    """Return the manifest with a split for every row in use.

    Rows that share a ``group_id`` or an ``identity``, directly or through others, go together.
    In every dataset whole such people are dealt out, large ones first, each to the split that is
    furthest behind its share of reals and fakes (Sainte-Laguë's method of apportionment, taken
    to whole groups). Splits that a dataset has already stay as they are, and the other rows are
    dealt to those that it lacks, or to ``train`` if it lacks none.

    Args:
        manifest: rows in any order; the outcome does not depend on it.
        shares: of train, val and test, in any unit.
        dev_share: share of the training rows held out as ``dev``, by whole people.
        seed: of both draws.
        anew: whether to forget the splits that are there. ``external`` is never forgotten.

    Raises:
        SettingError: a share is negative, or none is above 0.
        LeakError: rows that belong together have different splits already.
    """
    if len(shares) != len(DRAWN) or min(shares) < 0 or not sum(shares):
        raise SettingError(f"shares must be three numbers, none below 0. Got {tuple(shares)}")
    kept = pl.lit(value=True) if not anew else pl.col("split") == "external"
    in_use = pl.col("excluded").is_null()
    manifest = manifest.with_columns(split=pl.when(in_use & kept).then("split"))
    named = with_people(manifest)
    people = (
        named.filter(in_use)
        .group_by("dataset", "person")
        .agg(
            pl.first("name", "eldest"),
            has=pl.col("split").drop_nulls().unique().sort(),
            reals=((pl.col("label") == 0) & pl.col("split").is_null()).sum(),
            fakes=((pl.col("label") == 1) & pl.col("split").is_null()).sum(),
        )
        .sort("dataset", "name", "eldest")
    )
    _refuse_cut(people)
    parts = people.partition_by("dataset", maintain_order=True)
    drawn = pl.concat(_deal(part, shares, seed) for part in (people.clear(), *parts))
    whole = named.join(drawn, on=["dataset", "person"], how="left", maintain_order="left")
    chosen = pl.when(in_use).then(pl.coalesce("split", "drawn"))
    result = whole.with_columns(split=chosen).select(SCHEMA.names())
    result = hold_out_dev(result, share=dev_share, seed=seed)
    check_manifest(result)
    return result


def hold_out_dev(manifest: pl.DataFrame, *, share: float, seed: int) -> pl.DataFrame:
    """Return the manifest with whole people moved from ``train`` to ``dev``.

    They are drawn at random until ``dev`` has at least ``share`` of the rows that it and
    ``train`` have together, in every dataset.
    """
    named = with_people(manifest)
    counts = (
        named.filter(pl.col("split").is_in(["train", "dev"]))
        .with_columns(
            had=(pl.col("split") == "dev").sum().over("dataset"), total=pl.len().over("dataset")
        )
        .filter(pl.col("split") == "train")
        .group_by("dataset", "person")
        .agg(pl.len(), pl.first("had", "total", "name", "eldest"))
        .sort("dataset", "name", "eldest")
        .sample(fraction=1, shuffle=True, seed=seed)
        .with_columns(before=pl.col("len").cum_sum().over("dataset") - pl.col("len"))
        .filter(pl.col("had") + pl.col("before") < share * pl.col("total"))
    )
    held = counts.select("dataset", "person", dev=pl.lit(value=True))
    moved = pl.col("dev").fill_null(value=False) & (pl.col("split") == "train")
    return (
        named.join(held, on=["dataset", "person"], how="left", maintain_order="left")
        .with_columns(split=pl.when(moved).then(pl.lit("dev")).otherwise("split"))
        .select(SCHEMA.names())
    )


def with_people(manifest: pl.DataFrame) -> pl.DataFrame:
    """Return the manifest with a column ``person``, the same for rows that must stay together.

    These are the connected components of the rows in use over ``group_id`` and ``identity``,
    within a dataset. ``name`` and ``eldest`` put them in an order that is not that of the rows:
    the first identity of each, or group where none is known, and its first ``video_id``.
    """
    rows = manifest.with_row_index("row")
    used = pl.col("excluded").is_null()
    ends = [
        pl.when(used & pl.col(column).is_not_null())
        .then(pl.col("row").min().over("dataset", column, used))
        .otherwise("row")
        for column in ("group_id", "identity")
    ]
    first = np.tile(np.arange(len(rows)), len(ends))
    second = np.concatenate([rows.select(end).to_series().to_numpy() for end in ends])
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(rows),) * 2)
    _, person = connected_components(links, directed=False)
    known = [pl.col(name).min().over("person") for name in ("identity", "group_id", "video_id")]
    return manifest.with_columns(person=person).with_columns(
        name=pl.coalesce(known), eldest=known[-1]
    )


def _refuse_cut(people: pl.DataFrame) -> None:
    cut = people.filter(pl.col("has").list.len() > 1)
    if len(cut):
        row = cut.row(0, named=True)
        raise LeakError(
            f"rows of '{row['name']}' of {row['dataset']} belong together, but stand in the "
            f"splits {' and '.join(row['has'])} ({len(cut)} such); draw all splits anew (--anew)"
        )


def _deal(people: pl.DataFrame, shares: Sequence[float], seed: int) -> pl.DataFrame:
    """Return the people of one dataset with the split of each, as ``drawn``."""
    places = people["has"].list.first().to_list()
    lacks = [n for n, name in enumerate(DRAWN) if shares[n] and name not in places] or [0]
    asked = np.array([shares[n] or 1.0 for n in lacks])
    sizes = people.select("reals", "fakes").to_numpy().astype(np.float64)
    wanted = np.outer(asked / asked.sum(), sizes.sum(0))
    weights = 1 / np.maximum(wanted, 1e-9)
    filled = np.zeros_like(wanted)
    order = np.random.default_rng(seed).permutation(len(people))
    for person in order[np.argsort(-sizes[order].sum(1), kind="stable")]:
        if places[person] is None:
            # What the squared distance from the shares, over the shares, grows by
            growth = ((2 * filled + sizes[person]) * sizes[person] * weights).sum(1)
            nearest = int(growth.argmin())
            filled[nearest] += sizes[person]
            places[person] = DRAWN[lacks[nearest]]
    return people.select("dataset", "person", drawn=pl.Series(places, dtype=pl.String))
