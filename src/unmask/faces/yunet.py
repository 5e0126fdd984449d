"""YuNet through OpenCV (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023).

Its model file is not shipped. It is used where the user supplies it: by the environment variable
``UNMASK_YUNET``, or in the cache folder. Only the pinned file is accepted.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import cv2
import numpy as np

from unmask.errors import SettingError
from unmask.faces.finder import FINDERS, shrink_within
from unmask.types import Box, Face, Image

FILE = "face_detection_yunet_2023mar.onnx"
MULTIPLE = 32
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def model_path() -> Path:
    """Return the path of the YuNet model: ``$UNMASK_YUNET``, else the file in the user's cache.

    Raises:
        SettingError: it is not there, or is not the pinned file.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "unmask"
    path = Path(os.environ.get("UNMASK_YUNET", cache / FILE))
    if not path.is_file():
        raise SettingError(
            f"{path}: no YuNet model there; put {FILE} of the OpenCV model zoo there, "
            "or name it in UNMASK_YUNET, or use --finder centerface"
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise SettingError(f"{path}: sha256 must be {SHA256}. Got {found}")
    return path


@FINDERS.register("yunet")
class YuNet:
    """Finder of boxes and five landmarks by OpenCV's ``FaceDetectorYN``.

    Args:
        threads: ignored; OpenCV's own setting holds.
        longest: the search runs on the picture with its longer side at most this many pixels.
        threshold: least confidence of a face.
    """

    def __init__(self, *, threads: int = 1, longest: int = 640, threshold: float = 0.7) -> None:
        del threads
        self._net = cv2.FaceDetectorYN.create(str(model_path()), "", (320, 320), threshold)
        self._lock = threading.Lock()  # the net keeps the size of its input between calls
        self.longest = longest

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        """Return the faces of ``image``; see `FaceFinder.find`."""
        small, scale, start = shrink_within(image, self.longest, within, MULTIPLE)
        with self._lock:
            self._net.setInputSize((small.shape[1], small.shape[0]))
            _, rows = self._net.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        faces = []
        for row in [] if rows is None else rows.astype(np.float64):
            x, y, width, height = (row[:4] + np.append(start, (0, 0))) / scale
            # YuNet names left and right from the person's side: its first eye is the left one
            # as seen in the picture.
            landmarks = (row[4:14].reshape(5, 2) + start) / scale
            faces.append(
                Face(time, (x, y, x + width, y + height), landmarks, float(np.clip(row[14], 0, 1)))
            )
        return sorted(faces, key=lambda face: -face.confidence)
