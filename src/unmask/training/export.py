"""From a training run to a bundle."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import nn

from unmask.detect.bundle import CARD_KEY
from unmask.detect.card import Bands, Calibration, Card, RealPool
from unmask.errors import DataError, SettingError
from unmask.training.ensemble import read_ensemble
from unmask.training.int8 import to_int8, training_crops
from unmask.training.run import read_face_sets

HALF_TOLERANCE: Final = 1e-2
"""How far half precision may move a logit."""

NOT_CALIBRATED = Calibration(
    slope=1.0,
    intercept=0.0,
    replicates=((1.0, 0.0),) * 20,
    fitted_on="nothing",
    statement="not calibrated: scores are raw logits; run `unmask calibrate`",
)
NO_BANDS = Bands(pools=(RealPool(source="none", count=1, highest=(0.0,)),), real_below=0.0)


def export(
    runs: Sequence[Path],
    *,
    version: str,
    name: str | None = None,
    checkpoint: str = "best.ckpt",
    half: bool = False,
    int8: Sequence[Path] = (),
) -> bytes:
    """Return the bytes of a bundle, not yet calibrated, of one run's weights, or of several runs'.

    Args:
        runs: folders of runs; of several, the bundle gives the mean. Their crops may differ in
            size alone: frames are cut at the greatest and shrunk for the others.
        version: version of the bundle.
        name: name of the bundle; that of the first recipe if not given.
        checkpoint: file in each run.
        half: store the weights in half precision; see `halve`.
        int8: compute in 8 bits, with ranges from the training crops of these face sets; see
            `unmask.training.int8`.

    Raises:
        SettingError: both ``half`` and ``int8``.
        DataError: a folder holds no run, a checkpoint is missing or damaged, the runs do not see
            the same crops, or the scores change by more than they may.
    """
    if half and int8:
        raise SettingError("8 bits and half precision exclude each other: give --int8 or --half")
    detector, members = read_ensemble(runs, checkpoint)
    recipe = members[0][0]
    widest = max((each for each, _ in members), key=lambda each: each.crop.size)
    crop = widest.crop
    told = [facts for _, facts in members]
    training: dict[str, Any] = told[0] if len(runs) == 1 else {"mean of runs": told}
    if int8:
        shown = training_crops(widest, read_face_sets(int8, stream=True))
        names = ", ".join(folder.resolve().name for folder in int8)
        training["8 bits"] = f"ranges from {len(shown) // 2} training crops of {names}"
    card = Card(
        name=name or recipe.name,
        version=version,
        description=recipe.description,
        licence="Apache-2.0",
        input=recipe.input,
        length=getattr(recipe, "length", None),
        crop=crop,
        normalisation=recipe.normalisation(),
        calibration=NOT_CALIBRATED,
        bands=NO_BANDS,
        training=training,
    )
    data = to_onnx(detector, crop.size, card.length)
    if int8:
        data = to_int8(data, shown)
    return with_card(halve(data) if half else data, card)


def halve(data: bytes) -> bytes:
    """Return an ONNX file with its larger weights stored in half precision, cast back on loading.

    Raises:
        DataError: a logit moves by more than `HALF_TOLERANCE`.
    """
    model = onnx.load_model_from_string(data)
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024:
            continue
        stored = f"{tensor.name}.half"
        casts.append(
            onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    result: bytes = model.SerializeToString()
    moved = np.abs(_some_logits(data) - _some_logits(result)).max()
    if moved > HALF_TOLERANCE:
        raise DataError(f"half precision moves a logit by {moved:.3f}; export without it")
    return result


def _some_logits(data: bytes) -> npt.NDArray[np.float32]:
    """Return the logits of smoothed noise."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    feeds = {}
    for each in session.get_inputs():
        shape = [8 if isinstance(side, str) else side for side in each.shape]
        if "bool" in each.type:
            feeds[each.name] = np.ones(shape, bool)
        else:
            coarse = rng.standard_normal((*shape[:-2], 8, 8), dtype=np.float32)
            feeds[each.name] = coarse.repeat(shape[-2] // 8, -2).repeat(shape[-1] // 8, -1)
    logits: npt.NDArray[np.float32] = session.run(["logit"], feeds)[0]
    return logits


def to_onnx(detector: nn.Module, size: int, length: int | None = None) -> bytes:
    """Return ``detector`` as ONNX.

    Of frames: input ``crops`` [B, 3, S, S]. Of sequences of ``length`` T: ``crops``
    [B, T, 3, S, S] and ``mask``, bool [B, T]. Outputs: ``logit`` [B] and, where the detector
    gives it, ``cam`` [B, h, w].

    Raises:
        DataError: mean(cam) + bias is not the logit.
    """
    shape = (2, length, 3, size, size) if length else (2, 3, size, size)
    example = [torch.randn(shape, generator=torch.Generator().manual_seed(0))]
    if length:
        example.append(torch.ones(2, length, dtype=torch.bool))
    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter deprecates its own internals
        outputs = ["logit"]
        if isinstance(found := detector(*example), tuple):
            bias = found[0] - found[1].mean((1, 2))
            if (bias - bias[0]).abs().max() > 1e-4:
                raise DataError("mean(cam) + bias is not the logit; the detector must not give cam")
            outputs.append("cam")
        program = torch.onnx.export(
            detector,
            tuple(example),
            input_names=["crops", "mask"][: len(example)],
            output_names=outputs,
            opset_version=18,
            dynamic_shapes=tuple({0: batch} for _ in example),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise DataError("the exporter gave no graph")
    data: bytes = program.model_proto.SerializeToString()
    return data


def with_card(data: bytes, card: Card) -> bytes:
    """Return an ONNX file with ``card`` in its metadata, in place of any that was there."""
    model = onnx.load_model_from_string(data)
    del model.metadata_props[:]
    for node in model.graph.node:  # the exporter's stack traces name paths of the machine
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    del model.graph.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    onnx.helper.set_model_props(model, {CARD_KEY: card.model_dump_json()})
    onnx.checker.check_model(model)
    result: bytes = model.SerializeToString()
    return result
