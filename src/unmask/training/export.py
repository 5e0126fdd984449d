"""From a training run to a bundle."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from unmask.detect.bundle import CARD_KEY
from unmask.detect.card import Bands, Calibration, Card, RealPool
from unmask.errors import DataError
from unmask.training.recipes import Recipe
from unmask.training.run import read_run

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


class Mean(nn.Module):
    """The mean of several detectors' outputs, a deep ensemble in one graph.

    Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", NeurIPS 2017. Mean maps and a mean bias still make the mean logit.
    """

    def __init__(self, detectors: Sequence[nn.Module], sizes: Sequence[int]) -> None:
        super().__init__()
        self.detectors = nn.ModuleList(detectors)
        self.sizes = sizes

    def forward(self, crops: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the mean of each output of the detectors for frames, or sequences and their mask.

        ``crops`` [B, 3, S, S], S the greatest of ``sizes``, or [B, T, 3, S, S] with ``mask``
        [B, T]. A detector of smaller frames sees them shrunk.
        """
        found = []
        for detector, size in zip(self.detectors, self.sizes, strict=True):
            seen = crops
            if size != crops.shape[-1]:
                seen = nn.functional.interpolate(crops, (size, size), mode="bilinear")
            outputs = detector(seen) if mask is None else detector(seen, mask)
            found.append(outputs if isinstance(outputs, tuple) else (outputs,))
        shape = max((outputs[-1].shape[1:] for outputs in found), default=None)
        fitted = [(outputs[0], *(_fit(cam, shape) for cam in outputs[1:])) for outputs in found]
        return tuple(torch.stack(each).mean(0) for each in zip(*fitted, strict=True))


def _fit(cam: Tensor, shape: Sequence[int] | None) -> Tensor:
    """Return maps [B, h, w] of another shape, with the same mean."""
    if shape is None or cam.shape[1:] == shape:
        return cam
    larger = nn.functional.interpolate(cam[:, None], tuple(shape), mode="bilinear")[:, 0]
    return larger + (cam.mean((1, 2)) - larger.mean((1, 2)))[:, None, None]


def export(
    runs: Sequence[Path],
    *,
    version: str,
    name: str | None = None,
    checkpoint: str = "best.ckpt",
    half: bool = False,
) -> bytes:
    """Return the bytes of a bundle, not yet calibrated, of one run's weights, or of several runs'.

    Args:
        runs: folders of runs; of several, the bundle gives the mean. Their crops may differ in
            size alone: frames are cut at the greatest and shrunk for the others.
        version: version of the bundle.
        name: name of the bundle; that of the first recipe if not given.
        checkpoint: file in each run.
        half: store the weights in half precision; see `halve`.

    Raises:
        DataError: a folder holds no run, a checkpoint is missing or damaged, or the runs do not see
            the same crops.
    """
    loaded = [_load(run, checkpoint) for run in runs]
    recipe, first, facts = loaded[0]
    for run, (other, _, _) in zip(runs, loaded, strict=True):
        if _sees(other) != _sees(recipe):
            raise DataError(
                f"{run}: sees other crops than {runs[0]}; runs in one bundle must agree"
            )
    crop = max((each.crop for each, _, _ in loaded), key=lambda spec: spec.size)
    detector = first
    if len(runs) > 1:
        detector = Mean([each for _, each, _ in loaded], [each.crop.size for each, _, _ in loaded])
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
        training=facts if len(runs) == 1 else {"mean of runs": [each for _, _, each in loaded]},
    )
    data = to_onnx(detector.eval(), crop.size, card.length)
    return with_card(halve(data) if half else data, card)


def _load(run: Path, checkpoint: str) -> tuple[Recipe, nn.Module, dict[str, Any]]:
    """Return a run's recipe, its detector and its facts."""
    recipe, facts = read_run(run)
    path = run / checkpoint
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: no such checkpoint of the run ({error.strerror})") from error
    except (RuntimeError, ValueError, UnpicklingError) as error:
        raise DataError(f"{path}: not a whole checkpoint; go on training") from error
    detector = recipe.build().eval()
    prefix = "average.module." if recipe.average else "detector."
    detector.load_state_dict(
        {k.removeprefix(prefix): v for k, v in saved["state_dict"].items() if k.startswith(prefix)}
    )
    return recipe, detector, {**facts, "epochs": saved["epoch"] + 1, "step": saved["global_step"]}


def _sees(recipe: Recipe) -> tuple[Any, ...]:
    """Return what a detector is shown, but for the size of frames, which can be shrunk."""
    size = recipe.crop.size if recipe.input == "sequence" else 0
    place = recipe.crop.model_dump(exclude={"size"})
    return recipe.input, getattr(recipe, "length", None), place, size, recipe.normalisation()


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
