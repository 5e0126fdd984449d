"""A bundle that computes in 8 bits.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018: weights per output channel, what flows between layers per tensor, by the
ranges seen on training crops. Where it costs accuracy and saves least it is not done: in the first
convolutions, which see what a forgery leaves in the finest detail, and the last, which give scores.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import polars as pl
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from unmask.errors import DataError
from unmask.training.recipes import Recipe

FIRST: Final = 3
"""Convolutions after the picture that stay as they are: the stem and a depthwise-separable one."""

CROPS: Final = 256
"""Training crops that tell the ranges; as many others then tell what 8 bits change."""

ALIKE: Final = 0.98
"""Least correlation of the logits with those of the bundle as it was."""

_BATCH: Final = 8
_QUANTISED: Final = ["Conv", "Add", "Clip", "Relu"]

Crops = npt.NDArray[np.float32]


def to_int8(data: bytes, crops: Crops) -> bytes:
    """Return an ONNX file of frames that computes in 8 bits.

    Args:
        data: with one input [B, 3, S, S] and an output ``logit`` [B].
        crops: [N, 3, S, S], normalised; the first half tells the ranges, the rest checks.

    Raises:
        DataError: the logits of the rest have a correlation below `ALIKE` with what they were.
    """
    model = onnx.load_model_from_string(data)
    ranges, rest = np.array_split(crops, 2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        logging.getLogger().addFilter(_hush)
        try:
            quantize_static(
                model,
                path,
                _Reader(model.graph.input[0].name, ranges),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=_QUANTISED,
                nodes_to_exclude=kept(model.graph),
            )
        finally:
            logging.getLogger().removeFilter(_hush)
        small = path.read_bytes()
    alike = float(np.corrcoef(logits(data, rest), logits(small, rest))[0, 1])
    if not alike >= ALIKE:
        raise DataError(
            f"in 8 bits the scores have a correlation of {alike:.3f} with what they were, "
            f"{ALIKE} is the least; export without"
        )
    return small


def kept(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes that stay as they are: the `FIRST` convolutions on the way
    from the input, the last, which no other follows, and all that comes after."""
    before: dict[str, int] = {}
    for node in graph.node:
        depth = max((before.get(name, 0) for name in node.input), default=0)
        before |= dict.fromkeys(node.output, depth + (node.op_type == "Conv"))
    followed: set[str] = set()
    for node in reversed(graph.node):
        if node.op_type == "Conv" or followed.intersection(node.output):
            followed.update(node.input)
    return [
        node.name
        for node in graph.node
        if followed.isdisjoint(node.output)
        or (node.op_type == "Conv" and before[node.output[0]] <= FIRST)
    ]


def training_crops(recipe: Recipe, faces: pl.DataFrame) -> Crops:
    """Return twice `CROPS` crops as the recipe's training shows them, [N, 3, S, S], normalised.

    Raises:
        DataError: the recipe does not judge single frames, or there are no faces of split
            ``train``.
    """
    if recipe.input != "frame":
        raise DataError("only a detector of single frames can compute in 8 bits; export without")
    rows = recipe.usable(faces.filter(pl.col("split") == "train"))
    if rows.is_empty():
        raise DataError("8 bits need faces of split 'train'; see `unmask data split`")
    shown: Any = recipe.train_set(rows, 0)
    shape = (-1, 3, recipe.crop.size, recipe.crop.size)
    parts: Iterator[Any] = (np.asarray(shown[n][0]).reshape(shape) for n in range(len(shown)))
    pixels = np.concatenate(list(islice(parts, 2 * CROPS)))[: 2 * CROPS]
    norm = recipe.normalisation()
    mean, std = (np.reshape(each, (3, 1, 1)) for each in (norm.mean, norm.std))
    return ((pixels / 255 - mean) / std).astype(np.float32)


def logits(data: bytes, crops: Crops) -> Crops:
    """Return the logits [N] that an ONNX file gives."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate(
        [np.ravel(session.run(["logit"], {name: part})[0]) for part in _batches(crops)]
    )


class _Reader:
    """What ONNX Runtime asks for crops."""

    def __init__(self, name: str, crops: Crops) -> None:
        self._feeds = ({name: part} for part in _batches(crops))

    def get_next(self) -> dict[str, Crops] | None:
        """Return the next batch, or None."""
        return next(self._feeds, None)


def _batches(crops: Crops) -> Sequence[Crops]:
    return np.array_split(crops, -(-len(crops) // _BATCH))


def _hush(record: logging.LogRecord) -> bool:
    """Keep back the hint that shapes should be inferred first: the exporter has done so."""
    return "pre-processing" not in record.getMessage()
