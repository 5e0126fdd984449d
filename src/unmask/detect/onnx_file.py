"""A look into an ONNX file before any runtime loads it.

Only what must be known to trust the file is read, straight from the protobuf wire format, so that
the runtime needs no further package: the card, the operators' domains, and whether any tensor
lies in another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from unmask.errors import BundleError

STANDARD: Final = frozenset({"", "ai.onnx"})
MAX_DEPTH: Final = 32

# Field numbers of onnx.proto3.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_FUNCTIONS = 7, 8, 14, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES = 22, 23
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14

Value = int | memoryview


@dataclass(frozen=True)
class OnnxFacts:
    """Metadata of a model file and what it asks of the runtime."""

    metadata: dict[str, str]
    domains: frozenset[str]
    external: bool


def read_facts(data: bytes) -> OnnxFacts:
    """Return the facts of an ONNX file.

    Raises:
        BundleError: the bytes are not an ONNX model.
    """
    metadata: dict[str, str] = {}
    domains: set[str] = set()
    external = graphs = False
    try:
        for field, value in _fields(memoryview(data)):
            if field == _MODEL_GRAPH:
                graphs = True
                external |= _walk_graph(_message(value), domains, 0)
            elif field == _MODEL_METADATA:
                entry = dict(_fields(_message(value)))
                metadata[_text(entry.get(1))] = _text(entry.get(2))
            elif field == _MODEL_OPSET:
                domains.add(_text(dict(_fields(_message(value))).get(1)))
            elif field == _MODEL_FUNCTIONS:
                domains.add("(functions of its own)")
    except (IndexError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise BundleError("not an ONNX file, or a damaged one") from error
    if not graphs:
        raise BundleError("not an ONNX file, or a damaged one")
    return OnnxFacts(metadata, frozenset(domains), external)


def _walk_graph(graph: memoryview, domains: set[str], depth: int) -> bool:
    """Collect the domains of a graph's nodes; return whether it has external tensors."""
    if depth > MAX_DEPTH:
        raise RecursionError
    external = False
    for field, value in _fields(graph):
        if field == _GRAPH_INITIALIZER:
            external |= _is_external(_message(value))
        elif field == _GRAPH_SPARSE:
            external |= _is_sparse_external(_message(value))
        elif field == _GRAPH_NODE:
            for part, content in _fields(_message(value)):
                if part == _NODE_DOMAIN:
                    domains.add(_text(content))
                elif part == _NODE_ATTRIBUTE:
                    external |= _walk_attribute(_message(content), domains, depth)
    return external


def _walk_attribute(attribute: memoryview, domains: set[str], depth: int) -> bool:
    external = False
    for field, value in _fields(attribute):
        if field in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
            external |= _is_external(_message(value))
        elif field in (_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES):
            external |= _is_sparse_external(_message(value))
        elif field in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
            external |= _walk_graph(_message(value), domains, depth + 1)
    return external


def _is_external(tensor: memoryview) -> bool:
    return any(
        field == _TENSOR_EXTERNAL or (field == _TENSOR_LOCATION and value != 0)
        for field, value in _fields(tensor)
    )


def _is_sparse_external(tensor: memoryview) -> bool:
    return any(
        _is_external(_message(value))
        for field, value in _fields(tensor)
        if field in (_SPARSE_VALUES, _SPARSE_INDICES)
    )


def _message(value: Value | None) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError
    return value


def _text(value: Value | None) -> str:
    return "" if value is None else bytes(_message(value)).decode()


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield (field number, value) of a message: varints as int, the rest as bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            number, place = _varint(data, place)
            yield key >> 3, number
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise IndexError
        if place + size > len(data):
            raise IndexError
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
    raise IndexError
