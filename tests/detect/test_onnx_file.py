"""The look into an ONNX file before a runtime loads it: true to the file, and never surprised."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from bundles import CARD_KEY, tiny_card, tiny_model, write_bundle
from unmask.detect.onnx_file import MAX_DEPTH, OnnxFacts, read_facts
from unmask.errors import BundleError


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    return write_bundle(path, tiny_model(), tiny_card()).read_bytes()


def facts(model: onnx.ModelProto) -> OnnxFacts:
    return read_facts(model.SerializeToString())


def within_if(nodes: list[onnx.NodeProto], depth: int = 1) -> list[onnx.NodeProto]:
    """The nodes as a branch of an If, ``depth`` deep."""
    for _ in range(depth):
        branch = helper.make_graph(nodes, "branch", [], [])
        nodes = [helper.make_node("If", ["yes"], ["out"], then_branch=branch, else_branch=branch)]
    return nodes


def external(name: str = "weights") -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return tensor


def whole(name: str) -> TensorProto:
    return helper.make_tensor(name, TensorProto.FLOAT, [1], [1.0])


def test_an_ordinary_bundle(data):
    found = read_facts(data)
    assert set(found.metadata) == {CARD_KEY}
    assert found.domains == {""}
    assert not found.external


def test_all_metadata_is_read_and_what_comes_last_counts():
    model = tiny_model()
    helper.set_model_props(model, {"a": "1", "b": "å ✓"})
    assert facts(model).metadata == {"a": "1", "b": "å ✓"}
    entry = model.metadata_props.add()
    entry.key, entry.value = "a", "2"
    assert facts(model).metadata["a"] == "2"


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_domain_of_an_operator_is_seen_in_any_graph(depth):
    model = tiny_model()
    model.graph.node.extend(
        within_if([helper.make_node("Spy", [], ["x"], domain="com.example")], depth)
    )
    assert "com.example" in facts(model).domains


def test_the_domain_of_an_import_is_seen():
    model = tiny_model()
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    assert "com.example" in facts(model).domains


def test_functions_of_the_model_s_own_are_seen():
    model = tiny_model()
    opset = [helper.make_opsetid("", 18)]
    node = helper.make_node("Abs", ["x"], ["y"])
    model.functions.append(helper.make_function("", "Mine", ["x"], ["y"], [node], opset))
    assert any("functions" in domain for domain in facts(model).domains)


def put_initializer(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(external())


def put_location_only(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(whole("w"))
    model.graph.initializer[-1].data_location = TensorProto.EXTERNAL


def put_constant(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=external()))


def put_list_of_tensors(model: onnx.ModelProto) -> None:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.append(
        onnx.AttributeProto(
            name="all", type=onnx.AttributeProto.TENSORS, tensors=[whole("w"), external()]
        )
    )
    model.graph.node.append(node)


def put_in_a_branch(model: onnx.ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=external())
    model.graph.node.extend(within_if([constant], 2))


def put_initializer_of_a_branch(model: onnx.ModelProto) -> None:
    model.graph.node.extend(within_if([helper.make_node("Abs", ["x"], ["y"])]))
    model.graph.node[-1].attribute[0].g.initializer.append(external())


def put_sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.append(
        onnx.SparseTensorProto(values=whole("w"), indices=external(), dims=[1])
    )


def put_sparse_constant(model: onnx.ModelProto) -> None:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.append(
        onnx.AttributeProto(
            name="sparse_value",
            type=onnx.AttributeProto.SPARSE_TENSOR,
            sparse_tensor=onnx.SparseTensorProto(values=external(), dims=[1]),
        )
    )
    model.graph.node.append(node)


@pytest.mark.parametrize(
    "put",
    [
        put_initializer,
        put_location_only,
        put_constant,
        put_list_of_tensors,
        put_in_a_branch,
        put_initializer_of_a_branch,
        put_sparse,
        put_sparse_constant,
    ],
)
def test_a_tensor_in_another_file_is_seen_wherever_it_hides(put):
    model = tiny_model()
    assert not facts(model).external
    put(model)
    assert facts(model).external


@pytest.mark.parametrize(("depth", "taken"), [(20, True), (MAX_DEPTH + 1, False), (5000, False)])
def test_graphs_nested_without_end_are_refused(depth, taken):
    graph = b""
    for _ in range(depth):  # an attribute's graph, in a node's attribute, in a graph's node
        graph = part(1, part(5, part(6, graph)))
    if taken:
        assert not read_facts(part(7, graph)).external
    else:
        with pytest.raises(BundleError, match="damaged"):
            read_facts(part(7, graph))


def part(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that holds bytes."""
    size, length = bytearray(), len(content)
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2, *size, length]) + content


@pytest.mark.parametrize(
    "wrong", [b"", b"\x00", b"text\n", b"\x89PNG\r\n\x1a\n", b"\xff" * 40, b"\x3a\xff\xff\xff\x7f"]
)
def test_what_is_no_model_is_refused(wrong):
    with pytest.raises(BundleError, match="not an ONNX file, or a damaged one"):
        read_facts(wrong)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_give_facts_or_a_bundle_error(noise):
    read_or_refuse(noise)
    read_or_refuse(b"\x3a" + bytes([len(noise) & 0x7F]) + noise)  # as a graph


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_bundle_with_changed_bytes_gives_facts_or_a_bundle_error(data, draws):
    changed = bytearray(data)
    for _ in range(draws.draw(st.integers(1, 4))):
        changed[draws.draw(st.integers(0, len(changed) - 1))] = draws.draw(st.integers(0, 255))
    read_or_refuse(bytes(changed))


@given(st.data())
@settings(deadline=None)
def test_a_cut_bundle_gives_facts_or_a_bundle_error(data, draws):
    read_or_refuse(data[: draws.draw(st.integers(0, len(data) - 1))])


def read_or_refuse(data: bytes) -> None:
    try:
        read_facts(data)
    except BundleError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
