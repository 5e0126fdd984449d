"""What needs a look at the media, or at the faces cut from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from unmask.data.duplicates import Progress, fingerprint, look_alikes
from unmask.data.explore.section import LONGEST, Section, count, share
from unmask.data.frames import list_frames
from unmask.errors import DataError
from unmask.plots import FAKE, NEUTRAL, REAL, new_figure

_MANY = 6
"""Faces in a frame from which on they are counted together."""


def read_face_facts(folder: Path) -> pl.DataFrame:
    """Return ``dataset``, ``video_id``, ``label``, ``time`` and ``size`` of a face set's faces.

    Raises:
        DataError: there is no finished face set.
    """
    if not (folder / "failures.parquet").exists():
        raise DataError(f"{folder}: no finished face set there; run `unmask data prepare`")
    shards = pl.scan_parquet(folder / "faces-*.parquet")
    return shards.select("dataset", "video_id", "label", "time", "size").collect()


def faces_per_frame(
    manifest: pl.DataFrame, root: Path | None, faces: pl.DataFrame | None
) -> Section:
    """How many faces the frames show: of a face set, else by the names of frame folders."""
    if faces is not None:
        per_frame = faces.group_by("dataset", "video_id", "time").len()["len"]
        return _crowds(Counter(per_frame.to_list()), "frames in the face set")
    counts: Counter[int] = Counter()
    if root is not None:
        used = manifest.filter(pl.col("excluded").is_null())
        for _, frames in list_frames(root, used["path"]):
            counts.update(frames.values())
    if counts:
        return _crowds(counts, "frames that have a picture, by the pictures' names")
    need = "Not looked at: give a face set (--faces), or the root of frame folders (--root)."
    return Section("faces-per-frame", "Faces per frame", need)


def face_size(faces: pl.DataFrame | None) -> Section:
    """How large the faces of a face set are."""
    title, name = "Face size", "face-size"
    if faces is None or not len(faces):
        return Section(name, title, "Not measured: give a face set (--faces).")
    figure, axes = new_figure()
    top = float(faces["size"].quantile(0.995) or 1)
    for label, word, colour in ((0, "real", REAL), (1, "fake", FAKE)):
        sizes = faces.filter(label=label)["size"].to_numpy()
        if len(sizes):
            bins = np.linspace(0, top, 61).tolist()
            text = f"{word} ({len(sizes):,})"
            axes.hist(sizes.clip(0, top), bins, density=True, color=colour, alpha=0.45, label=text)
    axes.set(xlim=(0, top), xlabel="shorter side of a face's box, pixels", ylabel="share per pixel")
    axes.legend(frameon=False, fontsize="small")
    ranks = (0.01, 0.1, 0.5, 0.9, 0.99)
    table = [
        (name, *(f"{part['size'].quantile(rank):.0f}" for rank in ranks), f"{len(part):,}")
        for (name,), part in faces.sort("dataset").group_by("dataset", maintain_order=True)
    ]
    return Section(
        name,
        title,
        f"Median {np.median(faces['size']):.0f} pixels in the original media.",
        ("dataset", *(f"{100 * rank:g} %" for rank in ranks), "faces"),
        [tuple(map(str, row)) for row in table],
        figure,
    )


def duplicates(
    manifest: pl.DataFrame, root: Path | None, progress: Progress | None = None
) -> Section:
    """Which files are there twice, and which look alike though of different families."""
    title, name = "Duplicates", "duplicates"
    if root is None:
        return Section(name, title, "Files were not compared: that needs their root (--root).")
    prints, failed = fingerprint(manifest, root, progress)
    keys = manifest.select(
        "dataset",
        "video_id",
        "split",
        "path",
        family=pl.concat_str("dataset", pl.coalesce("group_id", "video_id"), separator="\0"),
    )
    placed = prints.join(keys, on=["dataset", "video_id"])
    same = (
        placed.unique(["sha256", "path"])
        .filter(pl.len().over("sha256") > 1)
        .select("dataset", "video_id", what=pl.lit("same file"), set="sha256")
    )
    alike = look_alikes(placed, apart="family").select(
        "dataset",
        "video_id",
        what=pl.lit("look-alikes of other families"),
        set=pl.format("look-alikes {}", "cluster"),
    )
    both = pl.concat([same, alike]).join(keys, on=["dataset", "video_id"])
    both = both.sort("what", "set", "path", descending=[True, False, False])
    unread = f" {count(len(failed), 'file')} could not be read." if failed else ""
    more = f" The first {LONGEST} rows:" if len(both) > LONGEST else ""
    return Section(
        name,
        title,
        f"{count(same['set'].n_unique(), 'file')} there more than once "
        f"({count(same.n_unique(['dataset', 'video_id']), 'row')}). "
        f"{count(alike['set'].n_unique(), 'set')} of pictures that look alike across families "
        f"({count(alike.n_unique(['dataset', 'video_id']), 'row')}).{unread}{more}",
        ("what", "set", "split", "path"),
        [
            (what, mark[:20], split or "none", path)
            for what, mark, split, path in both.select("what", "set", "split", "path")
            .head(LONGEST)
            .iter_rows()
        ],
    )


def _crowds(counts: Mapping[int, int], of_what: str) -> Section:
    total = sum(counts.values())
    heights = [counts.get(n, 0) for n in range(1, _MANY)]
    heights.append(total - sum(heights))
    names = [*map(str, range(1, _MANY)), f"{_MANY}+"]
    figure, axes = new_figure(6.4, 3.2)
    axes.bar(names, [100 * height / total for height in heights], color=NEUTRAL)
    axes.set(xlabel="faces in a frame", ylabel="% of frames")
    axes.grid(visible=False, axis="x")
    several = total - heights[0]
    return Section(
        name="faces-per-frame",
        title="Faces per frame",
        text=f"{several:,} of {total:,} {of_what} ({share(several, total)}) show several faces.",
        head=("faces", "frames", "share"),
        rows=[(n, f"{many:,}", share(many, total)) for n, many in zip(names, heights, strict=True)],
        figure=figure,
    )
