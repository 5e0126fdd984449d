"""A bundle is one file that says all about itself; whatever is not is refused in one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from bundles import GRID, SIZE, brightness, tiny_bundle, tiny_card, tiny_model, write_bundle
from unmask.detect import Bundle, Card, list_bundles, load_bundle
from unmask.detect.bundle import MAX_CARD, read_card, shipped_bundles
from unmask.errors import BundleError
from unmask.types import Image


def crops(count: int, size: int = SIZE, seed: int = 0) -> list[Image]:
    """Noise, each crop in a range of brightness and a tint of its own."""
    rng = np.random.default_rng(seed)
    tops = rng.integers(40, 256, (count, 3))
    return [rng.integers(0, top, (size, size, 3)).astype(np.uint8) for top in tops]


def test_logits_and_maps_are_those_of_the_network(tmp_path):
    bundle = load_bundle(tiny_bundle(tmp_path, gain=3.0, bias=0.7))
    batch = crops(5)
    logits, cams = bundle.run(batch)
    assert logits.shape == (5,)
    assert logits.dtype == np.float32
    assert logits == pytest.approx([3 * brightness(crop) + 0.7 for crop in batch], abs=1e-4)
    assert cams is not None
    assert cams.shape == (5, GRID, GRID)
    corner = brightness(batch[0][: SIZE // GRID, : SIZE // GRID])
    assert cams[0, 0, 0] == pytest.approx(3 * corner, abs=1e-4)


def test_the_mean_of_a_map_and_one_bias_are_the_logit(tmp_path):
    """What makes a heat map exact; held for the tiny bundle and for all that ship."""
    bundles = [load_bundle(tiny_bundle(tmp_path, bias=0.7))]
    bundles += [Bundle(data, name) for name, data in shipped_bundles()]
    for bundle in bundles:
        logits, cams = bundle.run(crops(4, bundle.card.crop.size))
        if cams is not None:
            rest = logits - cams.mean(axis=(1, 2))
            assert np.ptp(rest) < 2e-4, bundle.identity.name


def test_a_bundle_without_maps_gives_none(tmp_path):
    logits, cams = load_bundle(tiny_bundle(tmp_path, cam=False)).run(crops(2))
    assert logits.shape == (2,)
    assert cams is None


def test_the_normalisation_of_the_card_is_applied_channel_by_channel(tmp_path):
    norm = {"mean": [0.1, 0.5, 0.7], "std": [0.2, 0.5, 1.0]}
    bundle = load_bundle(tiny_bundle(tmp_path, gain=1.0, normalisation=norm))
    (crop,) = crops(1)
    wanted = np.mean((crop / 255 - norm["mean"]) / norm["std"])
    assert bundle.run([crop])[0][0] == pytest.approx(wanted, abs=1e-4)


def test_each_crop_is_scored_by_itself(tmp_path):
    bundle = load_bundle(tiny_bundle(tmp_path))
    batch = crops(9)
    together, _ = bundle.run(batch)
    alone = [bundle.run([crop])[0][0] for crop in batch]
    assert together == pytest.approx(alone, abs=1e-5)


def test_the_identity_is_that_of_the_file(tmp_path):
    path = tiny_bundle(tmp_path, name="lite-9", version="2.3")
    identity = load_bundle(path).identity
    assert (identity.name, identity.version) == ("lite-9", "2.3")
    assert identity.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_card_comes_back_as_it_was_written(tmp_path):
    wanted = Card(**tiny_card(training={"epochs": 4}, limits=("for tests",)))
    path = write_bundle(tmp_path / "tiny.onnx", tiny_model(), wanted.model_dump_json())
    assert load_bundle(path).card == wanted


def test_what_ships_is_listed_as_it_loads():
    listed = list_bundles()
    assert len(listed) == len(shipped_bundles())
    for (identity, card), (name, _) in zip(listed, shipped_bundles(), strict=True):
        bundle = load_bundle(name)
        assert (bundle.identity, bundle.card) == (identity, card)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────

Write = Callable[[Path], object]


def with_model(change: Callable[[onnx.ModelProto], object]) -> Write:
    def write(path: Path) -> None:
        model = tiny_model()
        change(model)
        write_bundle(path, model, tiny_card())

    return write


def with_card(card: object) -> Write:
    text = card if isinstance(card, str | None) else json.dumps(card)
    return lambda path: write_bundle(path, tiny_model(), text)


def with_network(*nodes: onnx.NodeProto, kind: int = TensorProto.FLOAT, **outputs: list) -> Write:
    """A network of ``nodes`` from crops of ``kind`` to ``outputs`` of the given shapes."""

    def write(path: Path) -> None:
        crops = helper.make_tensor_value_info("crops", kind, ["batch", 3, SIZE, SIZE])
        found = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ]
        space = helper.make_tensor("space", TensorProto.INT64, [3], [1, 2, 3])
        graph = helper.make_graph(list(nodes), "other", [crops], found, [space])
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=10)
        write_bundle(path, model, tiny_card())

    return write


def node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def add_tensor_elsewhere(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights.bin"


def add_custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Spy", ["crops"], ["x"], domain="com.example"))


def add_custom_operator_in_a_branch(model: onnx.ModelProto) -> None:
    spy = helper.make_node("Spy", ["crops"], ["x"], domain="com.example")
    branch = helper.make_graph([spy], "branch", [], [])
    model.graph.node.append(
        helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    )


def break_the_graph(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "nowhere"


def rename_logit(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = model.graph.output[0].name = "score"


MEAN = node("ReduceMean", "crops space", "logit", keepdims=0)
BATCH = ["batch"]

REFUSED: dict[str, tuple[Write, str]] = {
    "missing": (lambda _: None, "no such bundle"),
    "folder": (lambda path: path.mkdir(), "no such bundle"),
    "empty": (lambda path: path.write_bytes(b""), "not an ONNX file"),
    "text": (lambda path: path.write_bytes(b"PK\3\4 a zip of weights"), "not an ONNX file"),
    "cut": (
        lambda path: path.write_bytes(tiny_model().SerializeToString()[:-40]),
        "not an ONNX file, or a damaged one",
    ),
    "no-card": (with_card(None), "without a card"),
    "card-too-large": (
        with_card(tiny_card(description="x" * MAX_CARD)),
        f"at most {MAX_CARD} characters",
    ),
    "newer-schema": (with_card(tiny_card(schema_version=2)), "update unmask"),
    "schema-2.0": (with_card(tiny_card(schema_version=2.0)), "card is not valid"),
    "schema-0": (with_card(tiny_card(schema_version=0)), "card is not valid"),
    "card-not-json": (with_card("{"), "card is not valid"),
    "card-a-list": (with_card([1, 2]), "card is not valid"),
    "card-a-number": (with_card("7"), "card is not valid"),
    "card-null": (with_card("null"), "card is not valid"),
    "card-too-deep": (with_card("[" * 200_000), "card is not valid"),
    "card-of-digits": (with_card('{"schema_version": ' + "9" * 9000 + "}"), "card is not valid"),
    "card-incomplete": (with_card({"name": "tiny"}), "card is not valid"),
    "card-unknown-field": (with_card(tiny_card(thresholds=[0.5])), "card is not valid"),
    "card-bad-name": (with_card(tiny_card(name="../tiny")), "card is not valid"),
    "card-flat-std": (
        with_card(tiny_card(normalisation={"std": [0.0, 0.5, 0.5]})),
        "card is not valid",
    ),
    "external-data": (with_model(add_tensor_elsewhere), "must be one file"),
    "custom-operator": (with_model(add_custom_operator), "outside standard ONNX: com.example"),
    "custom-operator-in-branch": (
        with_model(add_custom_operator_in_a_branch),
        "outside standard ONNX: com.example",
    ),
    "broken-graph": (with_model(break_the_graph), "ONNX Runtime cannot load it"),
    "no-logit": (with_model(rename_logit), "an output named 'logit'"),
    "two-inputs": (
        with_model(
            lambda model: model.graph.input.append(
                helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch"])
            )
        ),
        "one input",
    ),
    "double-input": (
        with_network(
            node("Cast", "crops", "small", to=TensorProto.FLOAT),
            node("ReduceMean", "small space", "logit", keepdims=0),
            kind=TensorProto.DOUBLE,
            logit=BATCH,
        ),
        "does not run on crops of 64 pixels",
    ),
    "crops-of-another-size": (
        with_card(tiny_card(crop={"size": 2 * SIZE})),
        "does not run on crops of 128 pixels",
    ),
    "logit-a-pair": (
        with_network(
            node("ReduceMean", "crops space", "one", keepdims=1),
            node("Squeeze", "one", "flat"),
            node("Concat", "flat flat", "logit", axis=0),
            logit=["pair"],
        ),
        "does not run on crops",
    ),
    "logit-not-finite": (
        with_network(
            node("ReduceMean", "crops space", "mean", keepdims=0),
            node("Sqrt", "mean", "logit"),  # of a black crop: the root of -1
            logit=BATCH,
        ),
        "not a finite number",
    ),
    "cam-flat": (
        with_network(MEAN, node("Identity", "logit", "cam"), logit=BATCH, cam=BATCH),
        "cam must be",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_bundle_is_refused_in_one_line_that_names_it(tmp_path, what):
    write, reason = REFUSED[what]
    path = tmp_path / f"{what}.onnx"
    write(path)
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert reason in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400


def test_a_card_is_refused_before_a_runtime_sees_the_network(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("onnxruntime.InferenceSession", fail)
    for what in ("no-card", "external-data", "custom-operator", "card-incomplete"):
        path = tmp_path / f"{what}.onnx"
        REFUSED[what][0](path)
        with pytest.raises(BundleError):
            load_bundle(path)


def test_a_name_that_neither_ships_nor_is_a_file_is_answered_with_what_ships():
    with pytest.raises(BundleError, match=r"name a file, or one of: \S+"):
        load_bundle("no-such-bundle")


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_changed_card_is_read_or_refused(draws):
    text = bytearray(json.dumps(tiny_card()).encode())
    for _ in range(draws.draw(st.integers(1, 3))):
        text[draws.draw(st.integers(0, len(text) - 1))] = draws.draw(st.integers(32, 126))
    model = tiny_model()
    helper.set_model_props(model, {"unmask.card": text.decode()})
    try:
        card = read_card(model.SerializeToString(), "changed")
    except BundleError as error:
        assert str(error).startswith("changed: ")  # noqa: PT017 - either outcome is right
    else:
        assert card.schema_version == 1
