"""The encoder as an ONNX graph: `input_ids`, `attention_mask` to `last_hidden_state`."""

from __future__ import annotations

import numpy as np
import onnx

from .encoder_model import EncoderShape
from .graph import Graph

Weights = dict[str, np.ndarray]


def encoder_graph(weights: Weights, shape: EncoderShape) -> onnx.ModelProto:
    g = Graph()

    def linear(x: str, name: str) -> str:
        product = g.op("MatMul", x, g.weight(f"{name}.weight", weights[f"{name}.weight"].T))
        return g.op("Add", product, g.weight(f"{name}.bias", weights[f"{name}.bias"]))

    def norm(x: str, name: str, output: str = "") -> str:
        scale = g.weight(f"{name}.weight", weights[f"{name}.weight"])
        bias = g.weight(f"{name}.bias", weights[f"{name}.bias"])
        return g.op("LayerNormalization", x, scale, bias, name=output, axis=-1, epsilon=1e-5)

    length = g.op("Shape", "input_ids", start=1, end=2)
    position = g.op("Slice", g.weight("position.weight", weights["position.weight"]), g.ints(0), length, g.ints(0))
    x = g.op("Add", g.op("Gather", g.weight("token.weight", weights["token.weight"]), "input_ids"), position)
    mask = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=onnx.TensorProto.BOOL), g.ints(1, 2))
    size = shape.hidden // shape.heads
    for i in range(shape.layers):
        layer = f"layers.{i}"
        y = linear(norm(x, f"{layer}.attention_norm"), f"{layer}.query_key_value")
        parts = g.op("Split", y, g.ints(*[shape.hidden] * 3), outputs=3, axis=-1)
        query, key, value = (g.heads(part, shape.heads, size) for part in parts)
        mixed = g.merge(g.attention(query, key, value, mask, size), shape.hidden)
        x = g.op("Add", x, linear(mixed, f"{layer}.attention_out"))
        y = linear(norm(x, f"{layer}.inner_norm"), f"{layer}.inner")
        # Gelu by the error function: the operator of that name came with opset 20.
        bell = g.op("Add", g.op("Erf", g.op("Div", y, g.number(2**0.5))), g.number(1.0))
        y = g.op("Mul", g.op("Mul", y, bell), g.number(0.5))
        x = g.op("Add", x, linear(y, f"{layer}.outer"))
    norm(x, "norm", output="last_hidden_state")
    axes = ["batch", "sequence"]
    return g.build(
        "nickname-encoder",
        {"input_ids": axes, "attention_mask": axes},
        {"last_hidden_state": [*axes, shape.hidden]},
    )
