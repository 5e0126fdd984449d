"""Original, forged and mask side by side, to see what a forgery does."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from unmask.errors import SettingError
from unmask.forgery.base import Forged, Mask
from unmask.types import Image

_CAPTION = 22
_GAP = 4
_INK = (40, 40, 40)
_PAPER = 250


def contact_sheet(
    pairs: Sequence[tuple[Image, Forged]],
    captions: Sequence[str] = (),
    *,
    cell: int = 224,
    columns: int = 2,
) -> Image:
    """Lay out a grid of original | forged | mask, each under a small caption.

    A face that is small in its picture is shown with its neighbourhood only.

    Args:
        pairs: the originals, uint8 RGB [H, W, 3], and what was made of them.
        captions: one for each pair, printed over the original; none leaves "original".
        cell: side of one picture on the sheet, pixels.
        columns: pairs next to each other.

    Returns:
        uint8 RGB.

    Raises:
        SettingError: there is no pair, a caption is missing, or a size is not positive.
    """
    if not pairs or cell < 1 or columns < 1:
        raise SettingError(
            "pairs, cell and columns must be at least 1. "
            f"Got {len(pairs)} pairs, cell {cell}, columns {columns}"
        )
    if captions and len(captions) != len(pairs):
        raise SettingError(f"captions must be {len(pairs)}, one a pair. Got {len(captions)}")
    titles = captions or ["original"] * len(pairs)
    triples = [
        _triple(original, forged, title, cell)
        for (original, forged), title in zip(pairs, titles, strict=True)
    ]
    columns = min(columns, len(triples))
    triples += [np.full_like(triples[0], _PAPER)] * (-len(triples) % columns)
    rows = [np.hstack(triples[i : i + columns]) for i in range(0, len(triples), columns)]
    return np.vstack(rows)


def _triple(original: Image, forged: Forged, title: str, cell: int) -> Image:
    rows, cols = _neighbourhood(forged.mask)
    grey = np.rint(forged.mask[rows, cols] * 255).astype(np.uint8)
    pictures = {
        title: original[rows, cols],
        "forged": forged.image[rows, cols],
        "mask": np.repeat(grey[..., None], 3, axis=2),
    }
    return np.hstack([_cell(text, picture, cell) for text, picture in pictures.items()])


def _neighbourhood(mask: Mask) -> tuple[slice, slice]:
    """The square around the mask with half its side again on each side, cut by the picture."""
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return slice(None), slice(None)
    half = max(np.ptp(ys), np.ptp(xs)) + 1
    y, x = (int(ys.min()) + int(ys.max())) // 2, (int(xs.min()) + int(xs.max())) // 2
    return slice(max(0, y - half), y + half), slice(max(0, x - half), x + half)


def _cell(text: str, picture: Image, side: int) -> Image:
    paper = np.full((side + _CAPTION + _GAP, side + _GAP, 3), _PAPER, np.uint8)
    scale = side / max(picture.shape[:2])
    size = (
        max(1, round(picture.shape[1] * scale)),
        max(1, round(picture.shape[0] * scale)),
    )
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shown = cv2.resize(picture, size, interpolation=method)
    y, x = _CAPTION + (side - size[1]) // 2, _GAP // 2 + (side - size[0]) // 2
    paper[y : y + size[1], x : x + size[0]] = shown
    fit = text if text.isascii() else text.encode("ascii", "replace").decode()
    while len(fit) > 4 and cv2.getTextSize(fit, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)[0][0] > side:
        fit = fit[:-4] + "..."
    cv2.putText(
        paper, fit, (_GAP, _CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA
    )
    return paper
