"""From a training run to a bundle."""

from __future__ import annotations

import warnings
from pathlib import Path
from pickle import UnpicklingError

import onnx
import torch
from torch import nn

from unmask.detect.bundle import CARD_KEY
from unmask.detect.card import Bands, Calibration, Card, RealPool
from unmask.errors import DataError
from unmask.training.run import read_run

NOT_CALIBRATED = Calibration(
    slope=1.0,
    intercept=0.0,
    replicates=((1.0, 0.0),) * 20,
    fitted_on="nothing",
    statement="not calibrated: scores are raw logits; run `unmask calibrate`",
)
NO_BANDS = Bands(pools=(RealPool(source="none", count=1, highest=(0.0,)),), real_below=0.0)


def export(
    run: Path, *, version: str, name: str | None = None, checkpoint: str = "best.ckpt"
) -> bytes:
    """Return the bytes of a bundle, not yet calibrated, of a run's weights.

    Args:
        run: folder of the run.
        version: version of the bundle.
        name: name of the bundle; that of the recipe if not given.
        checkpoint: file in ``run``.

    Raises:
        DataError: the folder holds no run, or its checkpoint is missing or damaged.
    """
    recipe, facts = read_run(run)
    path = run / checkpoint
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: no such checkpoint of the run ({error.strerror})") from error
    except (RuntimeError, ValueError, UnpicklingError) as error:
        raise DataError(f"{path}: not a whole checkpoint; go on training") from error
    detector = recipe.build()
    prefix = "average.module." if recipe.average else "detector."
    detector.load_state_dict(
        {k.removeprefix(prefix): v for k, v in saved["state_dict"].items() if k.startswith(prefix)}
    )
    card = Card(
        name=name or recipe.name,
        version=version,
        description=recipe.description,
        licence="Apache-2.0",
        input=recipe.input,
        length=getattr(recipe, "length", None),
        crop=recipe.crop,
        normalisation=recipe.normalisation(),
        calibration=NOT_CALIBRATED,
        bands=NO_BANDS,
        training={**facts, "epochs": saved["epoch"] + 1, "step": saved["global_step"]},
    )
    return with_card(to_onnx(detector.eval(), recipe.crop.size, card.length), card)


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
