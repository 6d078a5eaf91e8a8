"""Writes an encoder whose weights are worth optimising into OUT: 20 MiB of two layers behind a table of tokens.

With `external` the weights lie in model.onnx_data beside the graph, as graphs of more than 2 GiB have them.
"""

import pathlib
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save

out, *how = sys.argv[1:]
WIDTH = 1600
numbers = numpy.random.default_rng(1)
weights = {
    "table": numbers.standard_normal((4000, 16)).astype(numpy.float32),
    "up": numbers.standard_normal((16, WIDTH)).astype(numpy.float32),
    "across": (numbers.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5).astype(numpy.float32),
    "across2": (numbers.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5).astype(numpy.float32),
}
nodes = [
    helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
    helper.make_node("MatMul", ["tokens", "up"], ["wide"]),
    helper.make_node("MatMul", ["wide", "across"], ["hidden"]),
    helper.make_node("Tanh", ["hidden"], ["bent"]),
    helper.make_node("MatMul", ["bent", "across2"], ["last_hidden_state"]),
]
graph = helper.make_graph(
    nodes,
    "big",
    [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
    [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", WIDTH])],
    [numpy_helper.from_array(value, name) for name, value in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
folder = pathlib.Path(out)
folder.mkdir(parents=True, exist_ok=True)
external = {"save_as_external_data": True, "location": "model.onnx_data"} if "external" in how else {}
save(model, folder / "model.onnx", **external)
