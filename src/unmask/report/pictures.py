"""Pictures of the evidence, packed into the page as data URIs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from unmask.types import Evidence, Image, Points

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
    return _warm(crop, _smooth(cam, crop.shape[0]) / scale)


def overlay_on_frame(
    thumbnail: Image,
    cam: npt.NDArray[np.float32],
    *,
    width: int,
    size: int,
    transform: Points,
    scale: float,
) -> Image:
    """Return a small frame with the class-activation map of one of its faces laid over it.

    The map is carried back through the transform that cut the crop, so that it lies where the
    detector looked.

    Args:
        thumbnail: uint8 RGB [h, w, 3], the frame, small.
        cam: float32, the map of the crop.
        width: of the frame, pixels.
        size: side of the crop, pixels.
        transform: float64 [2, 3], from pixels of the frame to pixels of the crop.
        scale: log-odds shown as the deepest red.
    """
    ratio = width / thumbnail.shape[1]
    # Pixel centres: x_frame = (x_small + .5) * ratio - .5
    to_frame = np.array([[ratio, 0, ratio / 2 - 0.5], [0, ratio, ratio / 2 - 0.5], [0, 0, 1]])
    laid = cv2.warpAffine(
        _smooth(cam, size),
        transform @ to_frame,
        (thumbnail.shape[1], thumbnail.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return _warm(thumbnail, laid / scale)


def _smooth(cam: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Return the map at the size of its crop."""
    large = cv2.resize(cam.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32)


def _warm(image: Image, strength: npt.NDArray[np.floating[Any]]) -> Image:
    """Return ``image`` with warm colour laid over it, by ``strength`` [H, W]: 0 clear, 1 red."""
    strength = np.clip(strength, 0, 1)
    stops = np.linspace(0, 1, len(_WARM))
    colour = np.stack([np.interp(strength, stops, channel) for channel in _WARM.T], axis=-1)
    alpha = strength[..., None] * _STRONGEST_ALPHA
    return np.asarray(np.rint(image * (1 - alpha) + colour * alpha), np.uint8)
