"""The language model as an ONNX graph with past, as Optimum lays out a decoder: one graph for prefill and decode."""

from __future__ import annotations

import numpy as np
import onnx

from .graph import Graph
from .lm_model import LmShape, rotary

Weights = dict[str, np.ndarray]


def lm_graph(weights: Weights, shape: LmShape, own_head: bool = False) -> onnx.ModelProto:
    """`own_head` stores the output matrix a second time, so that the quantiser sees a constant."""
    g = Graph()
    cos_table, sin_table = (table.numpy() for table in rotary(shape))

    def linear(x: str, name: str) -> str:
        return g.op("MatMul", x, g.weight(f"{name}.weight", weights[f"{name}.weight"].T))

    def norm(x: str, name: str) -> str:
        mean = g.op("ReduceMean", g.op("Mul", x, x), axes=[-1], keepdims=1)
        root = g.op("Sqrt", g.op("Add", mean, g.number(shape.epsilon)))
        return g.op("Mul", g.op("Div", x, root), g.weight(f"{name}.weight", weights[f"{name}.weight"]))

    def rotate(x: str) -> str:
        first, second = g.op("Split", x, g.ints(shape.head // 2, shape.head // 2), outputs=2, axis=-1)
        turned = g.op("Concat", g.op("Neg", second), first, axis=-1)
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", turned, sin))

    token = g.weight("token.weight", weights["token.weight"])
    x = g.op("Gather", token, "input_ids")
    cos, sin = (
        g.op("Unsqueeze", g.op("Gather", g.weight(name, table), "position_ids"), g.ints(1))
        for name, table in (("rotary.cos", cos_table), ("rotary.sin", sin_table))
    )
    # A query sees the keys up to its own place that the mask allows; its place counts the past.
    total = g.op("Squeeze", g.op("Shape", "attention_mask", start=1, end=2), g.ints(0))
    length = g.op("Squeeze", g.op("Shape", "input_ids", start=1, end=2), g.ints(0))
    zero, one = g.op("Squeeze", g.ints(0), g.ints(0)), g.op("Squeeze", g.ints(1), g.ints(0))
    keys = g.op("Range", zero, total, one)
    queries = g.op("Unsqueeze", g.op("Range", g.op("Sub", total, length), total, one), g.ints(1))
    causal = g.op("LessOrEqual", keys, queries)
    mask = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=onnx.TensorProto.BOOL), g.ints(1, 2))
    visible = g.op("And", mask, causal)
    for i in range(shape.layers):
        layer = f"layers.{i}"
        y = norm(x, f"{layer}.attention_norm")
        query, key, value = (
            g.heads(linear(y, f"{layer}.{part}"), shape.heads, shape.head) for part in ("query", "key", "value")
        )
        key = g.op("Concat", f"past_key_values.{i}.key", rotate(key), name=f"present.{i}.key", axis=2)
        value = g.op("Concat", f"past_key_values.{i}.value", value, name=f"present.{i}.value", axis=2)
        mixed = g.merge(g.attention(rotate(query), key, value, visible, shape.head), shape.hidden)
        x = g.op("Add", x, linear(mixed, f"{layer}.out"))
        y = norm(x, f"{layer}.inner_norm")
        gate = linear(y, f"{layer}.gate")
        gated = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), linear(y, f"{layer}.up"))
        x = g.op("Add", x, linear(gated, f"{layer}.down"))
    head = g.weight("head.weight", weights["token.weight"].T) if own_head else g.op("Transpose", token, perm=[1, 0])
    g.op("MatMul", norm(x, "norm"), head, name="logits")
    names = [(f"{i}.{part}") for i in range(shape.layers) for part in ("key", "value")]
    past, present = (["batch", shape.heads, rows, shape.head] for rows in ("past_sequence", "past_sequence + sequence"))
    return g.build(
        "nickname-lm",
        {
            "input_ids": ["batch", "sequence"],
            "attention_mask": ["batch", "past_sequence + sequence"],
            "position_ids": ["batch", "sequence"],
            **{f"past_key_values.{name}": past for name in names},
        },
        {"logits": ["batch", "sequence", shape.vocabulary], **{f"present.{name}": present for name in names}},
    )
