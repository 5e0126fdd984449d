"""Tiny bundles: detectors so simple that a test knows every score beforehand.

The network says how bright a crop is: ``logit = gain * brightness + bias`` with brightness from -1
(black) to 1 (white), and its ``cam`` is the same for each of 4 x 4 parts of the crop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

SIZE = 64
CARD_KEY = "unmask.card"
GRID = 4


def tiny_bundle(
    folder: Path, *, gain: float = 8.0, bias: float = 0.0, cam: bool = True, **changes: Any
) -> Path:
    """Write a tiny bundle into ``folder`` and return its path.

    Args:
        folder: where.
        gain: of the logit, per unit of brightness.
        bias: logit of a medium grey.
        cam: whether the network has the output ``cam``.
        changes: to the card, such as ``calibration={...}``; ``name`` also names the file.
    """
    card = tiny_card(**changes)
    size = card["crop"]["size"]
    model = tiny_model(size, gain, bias, cam=cam)
    return write_bundle(folder / f"{card['name']}.onnx", model, card)


def tiny_card(**changes: Any) -> dict[str, Any]:
    """A valid card, as JSON values. Its score is its logit; `tiny_bands` are its bands."""
    card: dict[str, Any] = {
        "schema_version": 1,
        "name": "tiny",
        "version": "0.1",
        "description": "brightness, for tests",
        "licence": "Apache-2.0",
        "crop": {"size": SIZE},
        "calibration": tiny_calibration(),
        "bands": tiny_bands(),
    }
    return card | changes


def tiny_calibration(slope: float = 1.0, intercept: float = 0.0, spread: float = 0.1) -> Any:
    """A calibration whose 21 replicates differ by up to ``spread`` in their intercept."""
    shifts = np.linspace(-spread, spread, 21).tolist()
    return {
        "slope": slope,
        "intercept": intercept,
        "replicates": [[slope, intercept + shift] for shift in shifts],
        "fitted_on": "nothing",
        "statement": "made for tests",
    }


def tiny_bands(fake: float = 2.0, real: float = -2.0) -> Any:
    """Bands that begin at ``fake`` for one person and at ``fake + 1`` for two, at a rate of 1 %."""
    pool = {"source": "tests", "count": 999, "highest": [fake + 1] * 9 + [fake]}
    return {"pools": [pool], "real_below": real}


def tiny_model(
    size: int = SIZE, gain: float = 8.0, bias: float = 0.0, *, cam: bool = True
) -> onnx.ModelProto:
    """The network: crops [B, 3, S, S] to ``logit`` [B] and ``cam`` [B, 4, 4]."""
    constants = {"channel": [1], "space": [1, 2], "gain": gain, "bias": bias}
    part = size // GRID
    nodes = [
        helper.make_node("ReduceMean", ["crops", "channel"], ["grey"], keepdims=1),
        helper.make_node(
            "AveragePool", ["grey"], ["parts"], kernel_shape=[part, part], strides=[part, part]
        ),
        helper.make_node("Squeeze", ["parts", "channel"], ["bright"]),
        helper.make_node("Mul", ["bright", "gain"], ["cam"]),
        helper.make_node("ReduceMean", ["cam", "space"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "bias"], ["logit"]),
    ]
    outputs = [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"])]
    if cam:
        shape = ["batch", GRID, GRID]
        outputs.append(helper.make_tensor_value_info("cam", TensorProto.FLOAT, shape))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["batch", 3, size, size])],
        outputs,
        [
            onnx.numpy_helper.from_array(
                np.array(value, np.int64 if isinstance(value, list) else np.float32), name
            )
            for name, value in constants.items()
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def write_bundle(path: Path, model: onnx.ModelProto, card: Mapping[str, Any] | str | None) -> Path:
    """Write ``model`` with ``card`` (as JSON, as text, or none) and return ``path``."""
    if card is not None:
        text = card if isinstance(card, str) else json.dumps(card)
        helper.set_model_props(model, {CARD_KEY: text})
    path.write_bytes(model.SerializeToString())
    return path


def brightness(crop: npt.NDArray[np.uint8]) -> float:
    """What the tiny network sees in a crop, from -1 to 1, under the card's own normalisation."""
    return float(crop.mean() / 255 - 0.5) / 0.5
