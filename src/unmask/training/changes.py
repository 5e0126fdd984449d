"""What was changed in a fake, as its original tells."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from unmask.data.prepare import decode_face
from unmask.types import Image

COMPARABLE: Final = 0.06
"""Difference along the edges, in shares of the brightness, up to which pictures are comparable."""

VISIBLE: Final = 0.04
"""Difference, in shares of the brightness, below which nothing can be seen to have changed."""

PLACE: Final = 32
"""Pixels to a place of a backbone's last features."""


def difference(real: Image, fake: Image) -> npt.NDArray[np.float32] | None:
    """Return how much a fake differs from its original, float32 [H, W]; None if not comparable.

    In shares of the original's brightness. Pictures that differ along their edges as well show
    another frame or another part of it, and cannot be compared.
    """
    if real.shape != fake.shape:
        return None
    a, b = (cv2.GaussianBlur(each.astype(np.float32), (0, 0), 2) for each in (real, fake))
    change: npt.NDArray[np.float32] = np.abs(a - b).mean(2) / (real.mean() + 16)
    rim = len(change) // 7
    edges = (change[:rim], change[-rim:], change[:, :rim], change[:, -rim:])
    edge = np.median(np.concatenate([part.ravel() for part in edges]))
    return change if edge < COMPARABLE else None


def changed_places(real: Image, fake: Image) -> npt.NDArray[np.float32]:
    """Return which places of a fake's crop were changed, float32 [S / 32, S / 32] in 0..1.

    nan where the two cannot be compared.
    """
    side = len(real) // PLACE
    change = difference(real, fake)
    if change is None:
        return np.full((side, side), np.nan, np.float32)
    mean = cv2.resize(change, (side, side), interpolation=cv2.INTER_AREA)
    scale = max(float(mean.max()), 2 * VISIBLE)
    return np.clip((mean / scale - 0.2) / 0.4, 0, 1).astype(np.float32)


def visible(change: npt.NDArray[np.float32]) -> bool:
    """Tell whether a `difference` can be seen: in three of the inner 5 by 5 of 7 by 7 places."""
    places = cv2.resize(change, (7, 7), interpolation=cv2.INTER_AREA)[1:-1, 1:-1]
    return bool(np.sort(places.ravel())[-3:].mean() >= VISIBLE)


def without_failed(faces: pl.DataFrame) -> pl.DataFrame:
    """Return rows of face sets without the fakes in whose picture nothing was changed.

    Of some of the DFDC's fakes only the sound is false, and of some the forgery failed.
    """
    keys = ("dataset", "video_id", "time")
    reals = {
        (dataset, video, time): image
        for dataset, video, time, image in faces.filter(pl.col("label") == 0)
        .select(*keys, "image")
        .iter_rows()
    }
    kept = []
    for dataset, original, time, label, image in faces.select(
        "dataset", "original_id", "time", "label", "image"
    ).iter_rows():
        real = reals.get((dataset, original, time)) if label else None
        change = difference(decode_face(real), decode_face(image)) if real else None
        kept.append(change is None or visible(change))
    return faces.filter(pl.Series(kept, dtype=pl.Boolean))
