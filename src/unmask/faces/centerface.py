"""CenterFace, the embedded finder (Xu et al., "CenterFace: Joint Face Detection and Alignment
Using Face as Point", 2019). Origin, licence and sha256 of the model are in THIRD_PARTY.md."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import onnxruntime as ort

from unmask.faces.finder import FINDERS, shrink_within, suppress
from unmask.types import Box, Face, Image

STRIDE = 4
MULTIPLE = 32


@FINDERS.register("centerface")
class CenterFace:
    """Anchor-free finder of boxes and five landmarks.

    Args:
        threads: threads of one search.
        longest: the search runs on the picture with its longer side at most this many pixels.
        threshold: least confidence of a face.
    """

    def __init__(self, *, threads: int = 1, longest: int = 640, threshold: float = 0.5) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_mem_pattern = False  # of every size of picture that ever came
        options.log_severity_level = 3
        model = files("unmask.faces").joinpath("models", "centerface.onnx").read_bytes()
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.longest = longest
        self.threshold = threshold

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        """Return the faces of ``image``; see `FaceFinder.find`."""
        small, scale, start = shrink_within(image, self.longest, within, MULTIPLE)
        height, width = small.shape[:2]
        batch = np.zeros((1, 3, height + -height % MULTIPLE, width + -width % MULTIPLE), np.float32)
        batch[0, :, :height, :width] = small.transpose(2, 0, 1)
        heat, sizes, offsets, marks = (
            out[0] for out in self._session.run(None, {self._input: batch})
        )
        rows, columns = np.nonzero(heat[0] > self.threshold)
        if not len(rows):
            return []
        confidences = heat[0, rows, columns].astype(np.float64)
        spans = np.exp(sizes[::-1, rows, columns].T.astype(np.float64)) * STRIDE
        cells = np.stack((columns, rows), axis=1) + 0.5 + offsets[::-1, rows, columns].T
        low = cells * STRIDE - spans / 2 + start
        boxes = np.concatenate((low, low + spans), axis=1)
        # Landmarks come as (y, x) pairs, in units of the box from its upper left corner.
        points = marks[:, rows, columns].T.reshape(-1, 5, 2)[:, :, ::-1].astype(np.float64)
        landmarks = low[:, None] + points * spans[:, None]
        return [
            Face(
                time,
                tuple((boxes[index] / scale).tolist()),
                landmarks[index] / scale,
                float(confidences[index]),
            )
            for index in suppress(boxes, confidences)
        ]
