"""From a training run to a bundle."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from unmask.detect.bundle import CARD_KEY
from unmask.detect.card import Bands, Calibration, Card, Normalisation, RealPool
from unmask.errors import DataError
from unmask.faces import CropSpec
from unmask.training.detectors import FrameDetector
from unmask.training.trainer import MEAN, STD

NOT_CALIBRATED = Calibration(
    slope=1.0,
    intercept=0.0,
    replicates=((1.0, 0.0),) * 20,
    fitted_on="nothing",
    statement="not calibrated: scores are raw logits; run `unmask calibrate`",
)
NO_BANDS = Bands(pools=(RealPool(source="none", count=1, highest=(0.0,)),), real_below=0.0)


def export(run: Path, *, name: str, version: str, checkpoint: str = "best.ckpt") -> bytes:
    """Return the bytes of a bundle, not yet calibrated, of a run's averaged weights.

    Args:
        run: folder of the run.
        name: name of the bundle.
        version: version of the bundle.
        checkpoint: file in ``run``.

    Raises:
        DataError: the folder holds no run, or the exported graph does not agree with the network.
    """
    try:
        facts = json.loads((run / "recipe.json").read_text())
        saved = torch.load(run / checkpoint, map_location="cpu", weights_only=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{run}: not a training run with a {checkpoint} ({error})") from error
    recipe = facts["recipe"]
    spec = CropSpec(**recipe["crop"])
    detector = FrameDetector(recipe["backbone"])
    prefix = "average.module."
    detector.load_state_dict(
        {k.removeprefix(prefix): v for k, v in saved["state_dict"].items() if k.startswith(prefix)}
    )
    card = Card(
        name=name,
        version=version,
        description="Scores aligned face crops one by one for signs of face manipulation.",
        licence="Apache-2.0",
        crop=spec,
        normalisation=Normalisation(mean=MEAN, std=STD),
        calibration=NOT_CALIBRATED,
        bands=NO_BANDS,
        training={**facts, "epochs": saved["epoch"] + 1, "step": saved["global_step"]},
    )
    return with_card(to_onnx(detector.eval(), spec.size), card)


def to_onnx(detector: nn.Module, size: int) -> bytes:
    """Return ``detector`` as ONNX: input ``crops`` [B, 3, S, S], outputs ``logit`` and ``cam``."""
    example = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter deprecates its own internals
        program = torch.onnx.export(
            detector,
            (example,),
            input_names=["crops"],
            output_names=["logit", "cam"],
            opset_version=18,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
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
