"""Writes one directory a graph into OUT: encoders that differ in what they take and give, all of the same rule.

The vector of token t is [sin(0.1 t), sin(0.1 t + 1), sin(0.1 t + 2), sin(0.1 t + 3)], so that a test can say what
must come out.
"""

import pathlib
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save

VOCABULARY = 4000
WIDTH = 4
table = numpy.sin(0.1 * numpy.arange(VOCABULARY)[:, None] + numpy.arange(WIDTH)).astype(numpy.float32)


def graph(name, inputs, nodes, outputs, integer=TensorProto.INT64, shape=("batch", "sequence")):
    """One model: `inputs` are names, `nodes` make `outputs`, (name, type, shape) each, of them."""
    made = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(it, integer, list(shape)) for it in inputs],
        [helper.make_tensor_value_info(*it) for it in outputs],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(numpy.array([1], numpy.int64), "one")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True)
    save(model, folder / "model.onnx")


def gather(out="last_hidden_state"):
    return helper.make_node("Gather", ["table", "input_ids"], [out])


FLOAT = TensorProto.FLOAT
tokens = [["batch", "sequence", WIDTH]]

graph("ids_only", ["input_ids"], [gather()], [("last_hidden_state", FLOAT, *tokens)])
graph("odd_name", ["input_ids", "attention_mask"], [gather("foo")], [("foo", FLOAT, *tokens)])
graph("int32", ["input_ids", "attention_mask"], [gather()], [("last_hidden_state", FLOAT, *tokens)], TensorProto.INT32)
graph(
    "fp16",
    ["input_ids", "attention_mask"],
    [gather("wide"), helper.make_node("Cast", ["wide"], ["last_hidden_state"], to=TensorProto.FLOAT16)],
    [("last_hidden_state", TensorProto.FLOAT16, *tokens)],
)
graph(
    "fixed_shape",
    ["input_ids", "attention_mask", "token_type_ids"],
    [gather()],
    [("last_hidden_state", FLOAT, [3, 8, WIDTH])],
    shape=(3, 8),
)
# The positions are added to the vectors: a wrong one would move them.
graph(
    "positions",
    ["input_ids", "attention_mask", "position_ids"],
    [
        gather("vectors"),
        helper.make_node("Cast", ["position_ids"], ["positions"], to=FLOAT),
        helper.make_node("Constant", [], ["two"], value=numpy_helper.from_array(numpy.array([2], numpy.int64))),
        helper.make_node("Unsqueeze", ["positions", "two"], ["column"]),
        helper.make_node("Add", ["vectors", "column"], ["last_hidden_state"]),
    ],
    [("last_hidden_state", FLOAT, *tokens)],
)
graph(
    "pooled",
    ["input_ids", "attention_mask"],
    [gather("token_embeddings"), helper.make_node("ReduceMax", ["token_embeddings", "one"], ["sentence_embedding"], keepdims=0)],
    [("token_embeddings", FLOAT, *tokens), ("sentence_embedding", FLOAT, ["batch", WIDTH])],
)
graph("pictures", ["pixel_values"], [helper.make_node("Gather", ["table", "pixel_values"], ["out"])], [("out", FLOAT, *tokens)])
