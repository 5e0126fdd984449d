"""Thinning: of a video's hundreds of frames, which to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from unmask.data.frames import list_frames
from unmask.errors import SettingError

EVERY: Final = 10
MOST: Final = 30


@dataclass(frozen=True)
class Thinned:
    """A manifest with its frames picked.

    Attributes:
        manifest: the rows, all of them; new is ``picks``.
        videos: folders of several frames, of which frames were picked.
        picked: frames picked in all, and
        gaps: places in their sequences for which there was no frame with a single face.
        crowded: videos of which no frame was picked, since all show several faces.
        whole: rows in use of which nothing is thinned: videos, single pictures, other folders.
    """

    manifest: pl.DataFrame
    videos: int
    picked: int
    gaps: int
    crowded: int
    whole: int


def thin(manifest: pl.DataFrame, root: Path, *, every: int = EVERY, most: int = MOST) -> Thinned:
    """Pick the frames to use of every folder of frames; see `pick_frames`.

    Args:
        manifest: the rows. Those left out by cleaning get no picks.
        root: folder that its paths are relative to.
        every: frames from one pick to the next.
        most: picks of one video, gaps included.

    Raises:
        DataError: an archive cannot be read.
        SettingError: ``every`` or ``most`` is below 1.
    """
    if min(every, most) < 1:
        raise SettingError(f"every and most must be at least 1. Got {every} and {most}")
    used = manifest.filter(pl.col("excluded").is_null() & (pl.col("frames") != 0).fill_null(True))
    picks = {
        path: pick_frames(frames, every, most)
        for path, frames in list_frames(root, used["path"])
        if len(frames) > 1
    }
    chosen = pl.DataFrame(
        {"path": picks.keys(), "picks": picks.values()},
        schema={"path": pl.String, "picks": pl.List(pl.Int32)},
    )
    numbers = chosen["picks"].explode(empty_as_null=False)
    return Thinned(
        manifest=manifest.drop("picks")
        .join(chosen, on="path", how="left", maintain_order="left")
        .with_columns(picks=pl.when(pl.col("excluded").is_null()).then("picks")),
        videos=len(chosen),
        picked=numbers.count(),
        gaps=numbers.null_count(),
        crowded=sum(not any(n is not None for n in slots) for slots in picks.values()),
        whole=len(used.join(chosen, on="path", how="anti")),
    )


def pick_frames(frames: Mapping[int, int], every: int, most: int) -> list[int | None]:
    """Return the frame picked for each step of a video, None where there is none.

    A step spans ``every`` frame numbers, the first step begins at the video's first frame. Its
    pick is its first frame that shows a single face; a step without one is a gap, so that a
    sequence keeps its time.

    >>> pick_frames({0: 1, 1: 1, 10: 2, 12: 1, 35: 1}, every=10, most=30)
    [0, 12, None, 35]

    Args:
        frames: frame number -> faces in it.
        every: frame numbers a step.
        most: steps at most.
    """
    if not frames:
        return []
    first = min(frames)
    steps: list[int | None] = [None] * min(most, (max(frames) - first) // every + 1)
    for frame in sorted(frames, reverse=True):
        step = (frame - first) // every
        if step < len(steps) and frames[frame] == 1:
            steps[step] = frame
    return steps
