"""The model bundle: one ONNX file that carries its card."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from pydantic import ValidationError

from unmask.detect.card import SCHEMA_VERSION, Card
from unmask.detect.onnx_file import STANDARD, read_facts
from unmask.errors import BundleError
from unmask.types import Image, ModelIdentity

CARD_KEY: Final = "unmask.card"
MAX_CARD: Final = 1_000_000
DEFAULT: Final = "frame"
"""Name of the bundle that is used where none is named."""

VNNI: Final = 261
"""OpenCV's number of the instructions that multiply in 8 bits (AVX-512)."""

Logits = npt.NDArray[np.float32]
Cams = npt.NDArray[np.float32]


class Bundle:
    """A detector ready to run.

    Args:
        data: bytes of the ONNX file.
        origin: where they come from, for messages.
        threads: threads of one inference.

    Raises:
        BundleError: the file is damaged, has no card, a card too large, of a newer schema or not
            valid, refers to other files, uses custom operators, lacks an output, or does not run
            on crops as its card describes them.
    """

    def __init__(self, data: bytes, origin: str, *, threads: int = 1) -> None:
        self.card = read_card(data, origin)
        self.identity = ModelIdentity(
            name=self.card.name,
            version=self.card.version,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        if not cv2.checkHardwareSupport(VNNI):
            # For speed, such processors let sums of 8-bit products overflow, unless told not to.
            options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            raise BundleError(f"{origin}: ONNX Runtime cannot load it ({_brief(error)})") from error
        inputs = [each.name for each in self._session.get_inputs()]
        self._outputs = {output.name for output in self._session.get_outputs()} & {"logit", "cam"}
        if self.card.input == "sequence":
            if sorted(inputs) != ["crops", "mask"] or "logit" not in self._outputs:
                raise BundleError(
                    f"{origin}: must have inputs 'crops' and 'mask' and an output 'logit'"
                )
        elif len(inputs) != 1 or "logit" not in self._outputs:
            raise BundleError(f"{origin}: must have one input and an output named 'logit'")
        self._input = inputs[0]
        norm = self.card.normalisation
        self._scale = (1 / (255 * np.array(norm.std))).astype(np.float32)
        self._shift = (np.array(norm.mean) / np.array(norm.std)).astype(np.float32)
        self._try_out(origin)

    def run(self, crops: list[Image]) -> tuple[Logits, Cams | None]:
        """Return logits [B] and class-activation maps [B, h, w], if the bundle has them.

        Args:
            crops: uint8 RGB [S, S, 3] each, cut by the card's specification.

        Raises:
            BundleError: a logit is not finite, or the maps are of a wrong shape.
        """
        names = sorted(self._outputs, reverse=True)
        found = self._session.run(names, {self._input: self._normalise(crops)})
        logits = self._finite(found[0], len(crops))
        cams = found[1] if len(found) > 1 else None
        if cams is not None and (cams.ndim != 3 or len(cams) != len(crops)):
            raise BundleError(f"{self.identity.name}: cam must be [B, h, w]. Got {cams.shape}")
        return logits, cams

    def run_sequence(self, crops: list[Image]) -> float:
        """Return the logit of one person's crops, for a card of sequences.

        Args:
            crops: in order of time, at most the card's ``length``; as for `run`.

        Raises:
            BundleError: the logit is not finite.
        """
        length, size = self.card.length or 0, self.card.crop.size
        batch = np.zeros((1, length, 3, size, size), np.float32)
        batch[0, : len(crops)] = self._normalise(crops)
        mask = np.arange(length)[None] < len(crops)
        found = self._session.run(["logit"], {"crops": batch, "mask": mask})
        return float(self._finite(found[0], 1)[0])

    def _normalise(self, crops: list[Image]) -> Logits:
        """Return float32 [B, 3, S, S]."""
        size = self.card.crop.size
        batch = np.empty((len(crops), 3, size, size), np.float32)
        for planes, crop in zip(batch, crops, strict=True):
            for channel, plane in enumerate(cv2.split(crop)):
                np.multiply(plane, self._scale[channel], out=planes[channel])
        batch -= self._shift[:, None, None]
        return batch

    def _finite(self, found: Any, count: int) -> Logits:
        logits = np.asarray(found, np.float32).reshape(count)
        if not np.isfinite(logits).all():
            raise BundleError(f"{self.identity.name}: gave a logit that is not a finite number")
        return logits

    def _try_out(self, origin: str) -> None:
        """Score two blank crops, so that a wrong type or shape shows before any file is opened."""
        size = self.card.crop.size
        blank = [np.zeros((size, size, 3), np.uint8)]
        try:
            if self.card.input == "sequence":
                self.run_sequence(blank)
            else:
                self.run(blank * 2)
        except Exception as error:  # as above
            raise BundleError(
                f"{origin}: does not run on crops of {size} pixels as its card says "
                f"({_brief(error)})"
            ) from error


def read_card(data: bytes, origin: str) -> Card:
    """Return the card of an ONNX file after checking that the file may be loaded.

    Raises:
        BundleError: see `Bundle`.
    """
    try:
        facts = read_facts(data)
    except BundleError as error:
        raise BundleError(f"{origin}: {error}") from error
    if facts.external:
        raise BundleError(f"{origin}: keeps tensors in other files; a bundle must be one file")
    custom = sorted(facts.domains - STANDARD)
    if custom:
        raise BundleError(f"{origin}: uses operators outside standard ONNX: {', '.join(custom)}")
    text = facts.metadata.get(CARD_KEY)
    if text is None:
        raise BundleError(f"{origin}: an ONNX file without a card; make bundles by `unmask export`")
    if len(text) > MAX_CARD:
        raise BundleError(
            f"{origin}: its card must be at most {MAX_CARD} characters. Got {len(text)}"
        )
    try:
        content: Any = json.loads(text)
        version = content.get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise BundleError(
                f"{origin}: its card has schema {version}, this unmask reads up to "
                f"{SCHEMA_VERSION}; update unmask"
            )
        return Card.model_validate_json(text)
    except (ValueError, AttributeError, RecursionError, ValidationError) as error:
        raise BundleError(f"{origin}: its card is not valid ({_brief(error)})") from error


def load_bundle(model: str | Path | None = None, *, threads: int = 1) -> Bundle:
    """Load a bundle.

    Args:
        model: path of a bundle, or the name of one that ships with unmask; None for the default.
        threads: threads of one inference.

    Raises:
        BundleError: there is none, or it cannot be used.
    """
    name = DEFAULT if model is None else str(model)
    shipped = dict(shipped_bundles())
    if name in shipped:
        return Bundle(shipped[name], name, threads=threads)
    path = Path(name)
    try:
        return Bundle(path.read_bytes(), name, threads=threads)
    except OSError as error:
        known = ", ".join(sorted(shipped)) or "none"
        raise BundleError(
            f"{name}: no such bundle ({error.strerror}); name a file, or one of: {known}"
        ) from error


def shipped_bundles() -> list[tuple[str, bytes]]:
    """Return name and bytes of the bundles that ship with unmask."""
    folder = files("unmask.detect").joinpath("bundles")
    if not folder.is_dir():
        return []
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return [(f.name[:-5], f.read_bytes()) for f in found if f.name.endswith(".onnx")]


def list_bundles() -> list[tuple[ModelIdentity, Card]]:
    """Return identity and card of the bundles that ship with unmask."""
    found = []
    for name, data in shipped_bundles():
        card = read_card(data, name)
        digest = hashlib.sha256(data).hexdigest()
        found.append((ModelIdentity(name=card.name, version=card.version, sha256=digest), card))
    return found


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
