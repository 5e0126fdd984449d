"""Pictures of the evidence, packed into the page as data URIs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from unmask.types import Evidence, Image

# From the faintest support for "fake" to the strongest: pale amber, orange, deep red.
_WARM = np.array([[255, 214, 102], [250, 140, 22], [196, 29, 29]], np.float32)
_STRONGEST_ALPHA = 0.75
_LEAST_SCALE = 1.0  # log-odds; a calm map must not be stretched until its noise glows


def data_uri(image: Image, quality: int = 88) -> str:
    """Return ``image`` (uint8 RGB) as a JPEG data URI."""
    done, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise RuntimeError(f"OpenCV could not encode a picture of shape {image.shape}")
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def fit(image: Image, side: int) -> Image:
    """Return ``image`` shrunk so that its longer side is at most ``side`` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def heat_scale(evidence: Iterable[Evidence]) -> float:
    """Return the log-odds shown as the deepest red: one scale for all the maps of a page.

    It is the 99th percentile of what speaks for a forgery, so that one hot cell does not leave
    every other picture pale.
    """
    found = [item.cam[item.cam > 0] for item in evidence if item.cam is not None]
    warm = np.concatenate(found) if found else np.empty(0, np.float32)
    return max(float(np.percentile(warm, 99)), _LEAST_SCALE) if warm.size else _LEAST_SCALE


def overlay(crop: Image, cam: npt.NDArray[np.float32], scale: float) -> Image:
    """Return ``crop`` with its class-activation map laid over it.

    Where the map is at or below 0 the crop shows through unchanged; at ``scale`` and above it is
    deep red at three quarters of full cover.
    """
    height, width = crop.shape[:2]
    smooth = cv2.resize(cam.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(smooth / scale, 0, 1)
    stops = np.linspace(0, 1, len(_WARM))
    colour = np.stack([np.interp(strength, stops, channel) for channel in _WARM.T], axis=-1)
    alpha = strength[..., None] * _STRONGEST_ALPHA
    return np.asarray(np.rint(crop * (1 - alpha) + colour * alpha), np.uint8)
