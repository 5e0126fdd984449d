"""What the rows of a manifest alone can tell."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from scipy.stats import gaussian_kde

from unmask.data.clean import FRAMES, missing_original
from unmask.data.explore.section import LONGEST, Section, count, share
from unmask.plots import FAKE, NEUTRAL, REAL, new_figure

LABELS: Final = ((0, "real", REAL), (1, "fake", FAKE))
MOST_BARS: Final = 24


def balance(manifest: pl.DataFrame) -> Section:
    """How many are real and fake, in every split of every dataset."""
    counts = (
        manifest.group_by("dataset", "split")
        .agg(real=(pl.col("label") == 0).sum(), fake=(pl.col("label") == 1).sum())
        .sort("dataset", "split", nulls_last=True)
    )
    names = [f"{row[0]}, {row[1] or 'no split'}" for row in counts.iter_rows()]
    figure, axes = new_figure(6.4, 1.3 + 0.3 * len(counts))
    axes.barh(names, counts["real"], 0.6, color=REAL, label="real")
    axes.barh(names, counts["fake"], 0.6, left=counts["real"], color=FAKE, label="fake")
    axes.set_xlabel("videos or pictures")
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize="small")
    fakes, total = int(manifest["label"].sum()), len(manifest)
    used = manifest["identity"].n_unique() - manifest["identity"].has_nulls()
    people = f" {count(used, 'person', 'people')} are told apart." if used else ""
    left_out = manifest["excluded"].count()
    cleaned = f" {count(left_out, 'row')} left out by cleaning." if left_out else ""
    return Section(
        name="class-balance",
        title="Class balance",
        text=f"{count(total, 'row')}: {total - fakes:,} real, {fakes:,} fake "
        f"({share(fakes, total)}).{people}{cleaned}",
        head=("dataset", "split", "real", "fake", "fake share"),
        rows=[
            (name, split or "none", f"{real:,}", f"{fake:,}", share(fake, real + fake))
            for name, split, real, fake in counts.iter_rows()
        ],
        figure=figure,
    )


def frames(manifest: pl.DataFrame) -> Section:
    """How many frames the videos have, and how many lie outside the usual band."""
    known = manifest.filter(pl.col("frames") > 0)
    absent = int((manifest["frames"] == 0).sum())
    low, high = FRAMES
    notes = [
        f"{count(absent, 'row')} listed, but not there." if absent else "",
        f"Not counted for {count(n, 'row')}." if (n := manifest["frames"].null_count()) else "",
    ]
    title, name = "Frames per video", "frames-per-video"
    if not len(known) or known["frames"].max() == 1:
        what = "Every row is one picture." if len(known) else "No frames are counted."
        return Section(name, title, " ".join(filter(None, (what, *notes))))
    outside = known.filter(~pl.col("frames").is_between(low, high))
    figure, axes = new_figure()
    most = max(700, int(known["frames"].quantile(0.995) or 0))
    axes.axvspan(low, high, color="#009e73", alpha=0.12, label=f"kept by default: {low} to {high}")
    axes.axvline(600, color=NEUTRAL, linestyle=":", label="600: two people in 300 frames")
    for label, word, colour in LABELS:
        _density(axes, known.filter(label=label)["frames"], most, word, colour)
    axes.set(xlim=(0, most), xlabel="frames of a video", ylabel="share of videos per frame")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")
    two = int(known["frames"].is_between(500, 700).sum())
    text = (
        f"Median {np.median(known['frames']):,.0f} of {count(len(known), 'video')}; "
        f"{len(outside):,} ({share(len(outside), len(known))}) lie outside {low} to {high}, "
        f"{two:,} of them between 500 and 700, where two people in 300 frames would."
    )
    bands = [(1, low - 1), (low, high), (high + 1, 499), (500, 700), (701, None)]
    rows = []
    for first, last in bands:
        part = known.filter(pl.col("frames").is_between(first, last or 2**31 - 1))
        fakes = int(part["label"].sum())
        span = f"{first} to {last}" if last else f"{first} or more"
        rows.append((span, f"{len(part) - fakes:,}", f"{fakes:,}", share(len(part), len(known))))
    return Section(
        name,
        title,
        " ".join(filter(None, (text, *notes))),
        ("frames", "real", "fake", "share"),
        rows,
        figure,
    )


def methods(manifest: pl.DataFrame) -> Section:
    """How the fakes were made."""
    fakes = manifest.filter(label=1)
    counts = (
        fakes.with_columns(pl.col("method").fill_null("not known"))
        .group_by("dataset", "method")
        .agg(pl.len(), families=pl.col("group_id").n_unique())
        .sort("len", "dataset", "method", descending=[True, False, False])
    )
    shown = counts.head(MOST_BARS)
    figure = None
    if len(shown) > 1:
        figure, axes = new_figure(6.4, 1.0 + 0.28 * len(shown))
        several = manifest["dataset"].n_unique() > 1
        names = [f"{set_}, {method}" if several else method for set_, method, *_ in shown.rows()]
        axes.barh(names, shown["len"], color=FAKE)
        axes.invert_yaxis()
        axes.set_xlabel("fakes")
        axes.grid(visible=False, axis="y")
    known = fakes["method"].drop_nulls()
    return Section(
        name="methods",
        title="Methods",
        text=f"{count(known.n_unique(), 'method')} named for {len(known):,} of "
        f"{count(len(fakes), 'fake')}.",
        head=("dataset", "method", "fakes", "families", "share"),
        rows=[
            (name, method, f"{n:,}", f"{families:,}", share(n, len(fakes)))
            for name, method, n, families in counts.iter_rows()
        ],
        figure=figure,
    )


def families(manifest: pl.DataFrame) -> Section:
    """How many fakes were made from each original."""
    named = manifest.filter((pl.col("label") == 1) & pl.col("original_id").is_not_null())
    made = named.group_by("dataset", video_id="original_id").agg(fakes=pl.len())
    reals = manifest.filter(label=0).join(made, on=["dataset", "video_id"], how="left")
    per_real = reals["fakes"].fill_null(0)
    sizes = per_real.value_counts().sort("fakes")
    figure = None
    if len(named):
        figure, axes = new_figure()
        top = 15
        heights = np.bincount(per_real.clip(0, top).to_numpy(), minlength=2)
        axes.bar(range(len(heights)), heights, color=NEUTRAL)
        ticks = range(len(heights))
        axes.set_xticks(ticks, [f"{n}+" if n == top else str(n) for n in ticks])
        axes.set(xlabel="fakes made from an original", ylabel="originals")
        axes.grid(visible=False, axis="x")
    with_fakes = int((per_real > 0).sum())
    groups = manifest["group_id"].drop_nulls().n_unique()
    mean = per_real.sum() / with_fakes if with_fakes else 0
    return Section(
        name="fakes-per-original",
        title="Families",
        text=f"{count(groups, 'family', 'families')}. {with_fakes:,} of {count(len(reals), 'real')}"
        f" have fakes, {mean:.1f} on average and {max(per_real, default=0)} at most.",
        head=("fakes", "originals", "share"),
        rows=[(str(n), f"{many:,}", share(many, len(reals))) for n, many in sizes.iter_rows()],
        figure=figure,
    )


def missing(manifest: pl.DataFrame) -> Section:
    """Which fakes name an original that is not in use."""
    orphans = manifest.filter(missing_original(manifest)).sort("dataset", "video_id")
    unnamed = manifest.filter((pl.col("label") == 1) & pl.col("original_id").is_null())
    fakes = int(manifest["label"].sum())
    return Section(
        name="missing-originals",
        title="Missing originals",
        text=f"{len(orphans):,} of {count(fakes, 'fake')} ({share(len(orphans), fakes)}) name an "
        f"original that is left out or not there; {len(unnamed):,} name none."
        + (f" The first {LONGEST}:" if len(orphans) > LONGEST else ""),
        head=("dataset", "fake", "its original", "split"),
        rows=[
            tuple(value or "none" for value in row)
            for row in orphans.select("dataset", "video_id", "original_id", "split")
            .head(LONGEST)
            .iter_rows()
        ],
    )


def _density(axes: Axes, values: pl.Series, most: int, word: str, colour: str) -> None:
    """Draw a histogram and, where there is enough to smooth, a kernel density over it."""
    if not len(values):
        return
    numbers = values.to_numpy().astype(np.float64)
    bins = np.linspace(0, most, 71)
    axes.hist(numbers.clip(0, most), bins.tolist(), density=True, color=colour, alpha=0.25)
    if len(np.unique(numbers)) > 5:
        places = np.linspace(0, most, 500)
        curve = gaussian_kde(numbers, bw_method=max(2.0, most / 100) / numbers.std())(places)
        axes.plot(places, curve, color=colour, linewidth=1.6, label=f"{word} ({len(values):,})")
    else:
        axes.plot([], [], color=colour, label=f"{word} ({len(values):,})")
