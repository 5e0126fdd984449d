"""Pictures through a lossy codec and back, as sites and messengers send them."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import cv2
import numpy as np

from unmask.errors import SettingError
from unmask.types import Image, check_image

MAX_CRF: Final = 51


def through_h264(image: Image, crf: int) -> Image:
    """Return the picture as it comes back from H.264: encoded as one key frame, and decoded.

    Chroma is halved both ways (yuv420p), as nearly all clips have it. An odd side is made even by
    repeating the last row or column, which is cut off again.

    Args:
        image: uint8 RGB [H, W, 3].
        crf: x264's constant rate factor, 0 to 51; 23 is its default, higher is coarser.

    Returns:
        uint8 RGB [H, W, 3].

    Raises:
        SettingError: ``crf`` is out of range, or ``image`` is no picture.
    """
    check_image(image)
    if not 0 <= crf <= MAX_CRF:
        raise SettingError(f"crf must be from 0 to {MAX_CRF}. Got {crf}")
    height, width = image.shape[:2]
    even = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.height, encoder.width = even.shape[:2]
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(25)
    encoder.thread_count = 1  # starting more takes longer than a picture does
    encoder.options = {"preset": "veryfast", "crf": str(crf)}
    picture = av.VideoFrame.from_ndarray(even, format="rgb24")
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return np.ascontiguousarray(frames[0].to_ndarray(format="rgb24")[:height, :width])
