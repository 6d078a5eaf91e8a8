"""A few helpers to write an ONNX graph by hand: named inputs, no constants folded, dynamic axes kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
# The intermediate representation that onnxruntime 1.17 and later read.
IR_VERSION = 9
INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT


class Graph:
    """Collects nodes and weights; every method returns the name of a tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights[name] = np.ascontiguousarray(value, dtype=np.float32)
        return name

    def ints(self, *values: int) -> str:
        name = "ints_" + "_".join(str(v).replace("-", "m") for v in values)
        self.weights[name] = np.array(values, dtype=np.int64)
        return name

    def number(self, value: float) -> str:
        name = f"number_{value!r}"
        self.weights[name] = np.array(value, dtype=np.float32)
        return name

    def op(self, kind: str, *inputs: str, name: str = "", outputs: int = 1, **attributes: Any) -> Any:
        """One node; its name becomes the name of its first output."""
        stem = name or f"{kind.lower()}_{len(self.nodes)}"
        names = [stem] if outputs == 1 else [f"{stem}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"node_{stem}", **attributes))
        return names[0] if outputs == 1 else names

    def heads(self, x: str, heads: int, size: int) -> str:
        """[batch, sequence, hidden] to [batch, heads, sequence, size]."""
        return self.op("Transpose", self.op("Reshape", x, self.ints(0, 0, heads, size)), perm=[0, 2, 1, 3])

    def merge(self, x: str, hidden: int) -> str:
        """[batch, heads, sequence, size] to [batch, sequence, hidden]."""
        return self.op("Reshape", self.op("Transpose", x, perm=[0, 2, 1, 3]), self.ints(0, 0, hidden))

    def attention(self, query: str, key: str, value: str, visible: str, size: int) -> str:
        """Scaled dot-product attention; a place that is not visible weighs exactly nothing."""
        scores = self.op("MatMul", query, self.op("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self.op("Mul", scores, self.number(size**-0.5))
        # Finite, so that a row with nothing visible (padding on the left) stays a number.
        scores = self.op("Where", visible, scores, self.number(-1e9))
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), value)

    def build(self, name: str, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> onnx.ModelProto:
        """The checked model; inputs are int64 unless they are a cache, outputs are float32."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(k, FLOAT if "past_key" in k else INT64, v) for k, v in inputs.items()],
            [helper.make_tensor_value_info(k, FLOAT, v) for k, v in outputs.items()],
            [numpy_helper.from_array(value, key) for key, value in self.weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="inferometer")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model
