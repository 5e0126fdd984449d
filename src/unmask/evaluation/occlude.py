"""What a detector makes of a face without its background, and of a background without its face."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from unmask.detect import Predictor
from unmask.detect.look import SeenFace, look
from unmask.errors import MediaError
from unmask.evaluation.rescore import pictures
from unmask.evaluation.scores import Dataset, Progress
from unmask.faces import FINDERS, AtOnce
from unmask.forgery.canonical import PARTS, project
from unmask.types import Crop, Frame, Image, Points

WHOLE, BACKGROUND, FACE = OCCLUSIONS = ("whole crop", "background only", "face only")

OCCLUDED: Final = {
    "dataset": pl.String,
    "video_id": pl.String,
    "group_id": pl.String,
    "identity": pl.String,
    "label": pl.Int8,
    **dict.fromkeys(OCCLUSIONS, pl.Float64),
    "covered": pl.Float64,
}
"""Columns of `occlude`: the logit of each kind of crop, uncalibrated, null where no face can be
scored; ``covered`` is the share of the crop that the face's hull takes."""


def face_hull(landmarks: Points, size: int) -> npt.NDArray[np.bool_]:
    """Return where the face lies in a crop, bool [size, size]: its outline from forehead to chin.

    Args:
        landmarks: float64 [5, 2], pixels of the crop.
        size: side of the crop.
    """
    outline = project(landmarks)[list(PARTS["face"])]
    hull = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    return hull.astype(bool)


def hide(image: Image, where: npt.NDArray[np.bool_]) -> Image:
    """Return the picture with its pixels at ``where`` [H, W] filled with their mean colour."""
    hidden = image.copy()
    if where.any():
        hidden[where] = image[where].mean(axis=0).round().astype(np.uint8)
    return hidden


def occlude(
    predictor: Predictor, dataset: Dataset, *, progress: Progress | None = None
) -> pl.DataFrame:
    """Return the logits of the largest face of every medium, whole and with either part hidden.

    Landmarks are those found in the untouched picture, so that all three crops are cut alike. Of
    several pictures of a medium the logits are averaged.

    Args:
        predictor: holds a bundle of single frames.
        dataset: rows to score.
        progress: called with (done, total) media.

    Returns:
        Columns of `OCCLUDED`, one row a medium.
    """
    finder = FINDERS[predictor.settings.finder](threads=1)
    settings = replace(predictor.settings, follow=False)  # pictures of a medium need not be a clip
    rows = []
    for done in range(len(dataset.rows)):
        row = dataset.rows[done]
        keys = row.select(name for name in OCCLUDED if name in row.columns)
        try:
            frames = (Frame(0.0, image) for image in pictures(predictor, dataset.root, row))
            seen = look(frames, finder, predictor.card.crop, settings, AtOnce())
            faces = [frame.faces[0] for frame in seen if frame.faces]
        except MediaError:
            faces = []
        rows.append({**keys.row(0, named=True), **(_logits(predictor, faces) if faces else {})})
        if progress:
            progress(done + 1, len(dataset.rows))
    return pl.DataFrame(rows, schema=OCCLUDED)


def _logits(predictor: Predictor, faces: list[SeenFace]) -> dict[str, float]:
    kinds: dict[str, list[SeenFace]] = {name: [] for name in OCCLUSIONS}
    covered = []
    for each in faces:
        crop = each.crop
        turn, move = crop.transform[:, :2], crop.transform[:, 2]
        hull = face_hull(each.face.landmarks @ turn.T + move, len(crop.image))
        covered.append(hull.mean())
        pixels = {WHOLE: crop.image, BACKGROUND: hide(crop.image, hull),
                  FACE: hide(crop.image, ~hull)}  # fmt: skip
        for name, image in pixels.items():
            kinds[name].append(replace(each, crop=Crop(image, crop.transform, crop.border)))
    found = {name: float(np.mean(predictor.score_crops(kinds[name])[0])) for name in OCCLUSIONS}
    return {**found, "covered": float(np.mean(covered))}
