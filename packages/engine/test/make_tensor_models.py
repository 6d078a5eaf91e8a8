"""Writes OUT/NAME/model.onnx for models of plain tensors whose outputs a test can say beforehand."""

import pathlib
import sys

import numpy
from onnx import TensorProto as T
from onnx import helper, numpy_helper, save

TYPES = {
    "bool": T.BOOL,
    "int8": T.INT8,
    "int16": T.INT16,
    "int32": T.INT32,
    "int64": T.INT64,
    "uint8": T.UINT8,
    "uint16": T.UINT16,
    "uint32": T.UINT32,
    "uint64": T.UINT64,
    "float16": T.FLOAT16,
    "float32": T.FLOAT,
    "float64": T.DOUBLE,
    "string": T.STRING,
}


def write(name, nodes, inputs, outputs, constants=()):
    """One model; `inputs` and `outputs` are (name, type, shape) each, `constants` (name, array)."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*it) for it in inputs],
        [helper.make_tensor_value_info(*it) for it in outputs],
        [numpy_helper.from_array(value, it) for it, value in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True)
    save(model, folder / "model.onnx")


def one_to_one(name, node, shape, kind=T.FLOAT, out=None, constants=()):
    write(name, [node], [("x", kind, shape)], [("y", kind, out or shape)], constants)


axis0 = [("zero", numpy.array(0, numpy.int64))]
rows = ["batch", 2]

for name, kind in TYPES.items():
    one_to_one(f"identity_{name}", helper.make_node("Identity", ["x"], ["y"]), ["batch", "width"], kind)

# Several inputs and outputs, of different types and widths.
write(
    "sum_and_product",
    [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Mul", ["a", "b"], ["product"]),
        helper.make_node("Cast", ["count"], ["copied"], to=T.INT32),
    ],
    [("a", T.FLOAT, rows), ("b", T.FLOAT, rows), ("count", T.INT64, ["batch"])],
    [("sum", T.FLOAT, rows), ("product", T.FLOAT, rows), ("copied", T.INT32, ["batch"])],
)
# Each row is added to those above it: rows of different requests must never meet, whatever the dimension is called.
one_to_one("cumulative", helper.make_node("CumSum", ["x", "zero"], ["y"]), rows, constants=axis0)
# Called like no batch, but each row is on its own.
one_to_one("doubled", helper.make_node("Add", ["x", "x"], ["y"]), [None, None])
# Two versions of one model, told apart by what they give.
one_to_one("versioned/1", helper.make_node("Neg", ["x"], ["y"]), [1, 3])
one_to_one("versioned/2", helper.make_node("Abs", ["x"], ["y"]), [1, 3])
one_to_one("fixed", helper.make_node("Neg", ["x"], ["y"]), [1, 3])
one_to_one("scalar", helper.make_node("Neg", ["x"], ["y"]), [])
# A table of four rows: other numbers than 0 to 3 cannot be looked up.
write(
    "lookup",
    [helper.make_node("Gather", ["table", "index"], ["row"])],
    [("index", T.INT64, ["batch"])],
    [("row", T.FLOAT, ["batch", 2])],
    [("table", numpy.arange(8, dtype=numpy.float32).reshape(4, 2))],
)
# Slow enough that requests meet in the queue: a chain of large products.
write(
    "slow",
    [
        helper.make_node("MatMul", ["x", "matrix"], ["x0"]),
        *[helper.make_node("MatMul", [f"x{i}", "matrix"], [f"x{i + 1}"]) for i in range(40)],
        helper.make_node("Identity", ["x40"], ["y"]),
    ],
    [("x", T.FLOAT, ["batch", 512])],
    [("y", T.FLOAT, ["batch", 512])],
    [("matrix", numpy.roll(numpy.eye(512, dtype=numpy.float32), 1, axis=1))],
)
one_to_one("sequence_first", helper.make_node("CumSum", ["x", "zero"], ["y"]), ["sequence", "batch"], constants=axis0)
