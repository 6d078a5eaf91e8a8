"""Writes BERT's encoder as an ONNX graph, straight from its weights: no PyTorch, no tracing.

The operators are laid out as exporters of PyTorch lay them out, so that onnxruntime recognises what it knows to
fuse. At this opset that is the bias with GELU, and the scores with their scale. Opset 12 with LayerNormalization
spelt out lets it fuse all (Attention, SkipLayerNormalization, EmbedLayerNormalization), yet on a CPU those kernels
were never faster than what they replace, and up to 15 % slower: onnxruntime 1.30, one thread, 12 to 256 tokens,
batches of 1 to 32, on a busy machine. Without any fusion it is about 5 % slower than as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

# The first that has LayerNormalization.
OPSET = 17
IR_VERSION = 8


@dataclass(frozen=True)
class BertConfig:
    """What config.json says of the shape of the model. Sizes are numbers of elements."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    layer_norm_eps: float

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @staticmethod
    def read(config: Mapping[str, object]) -> BertConfig:
        """Raises ValueError if the model is not one that this graph computes."""
        expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for key, value in expected.items():
            if config.get(key, value) != value:
                raise ValueError(f'{key} must be "{value}", got "{config[key]}"')
        try:
            read = BertConfig(
                hidden_size=int(config["hidden_size"]),
                intermediate_size=int(config["intermediate_size"]),
                num_hidden_layers=int(config["num_hidden_layers"]),
                num_attention_heads=int(config["num_attention_heads"]),
                layer_norm_eps=float(config.get("layer_norm_eps", 1e-12)),
            )
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from None
        if read.hidden_size % read.num_attention_heads != 0:
            raise ValueError(
                f"hidden_size must be a multiple of num_attention_heads, got {read.hidden_size} and "
                f"{read.num_attention_heads}"
            )
        return read


def build(config: BertConfig, weights: Mapping[str, np.ndarray], token_type_ids: bool = True) -> ModelProto:
    """The encoder as a model.

    Inputs, int64 [batch, sequence]: input_ids, attention_mask (1 for a token, 0 for padding) and, unless left out,
    token_type_ids. Output, float32 [batch, sequence, hidden]: last_hidden_state; rows of padding hold no meaning.
    `weights` are float32 by the names of transformers' BertModel, matrices as PyTorch keeps them, [out, in].
    Raises ValueError if a weight is missing or of another shape than `config` says.
    """
    graph = _Graph(config, weights)
    hidden = _embeddings(graph, token_type_ids)
    mask = _attention_mask(graph)
    for layer in range(config.num_hidden_layers):
        last = layer == config.num_hidden_layers - 1
        hidden = _layer(graph, f"encoder.layer.{layer}", hidden, mask, "last_hidden_state" if last else None)

    inputs = ["input_ids", "attention_mask"] + (["token_type_ids"] if token_type_ids else [])
    proto = helper.make_graph(
        graph.nodes,
        "bert",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in inputs],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", config.hidden_size]
            )
        ],
        graph.initializers,
    )
    return helper.make_model(
        proto,
        producer_name="inferometer example",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )


class _Graph:
    """Collects nodes and initializers. Each node is named after its only output."""

    def __init__(self, config: BertConfig, weights: Mapping[str, np.ndarray]) -> None:
        self.config = config
        self.nodes: list = []
        self.initializers: list = []
        self._weights = weights
        self._constants: set[str] = set()

    def weight(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """A weight, float32; None in `shape` stands for any size."""
        if name not in self._weights:
            raise ValueError(f"the weights have no {name}")
        value = self._weights[name]
        if len(value.shape) != len(shape) or any(e not in (None, a) for e, a in zip(shape, value.shape)):
            raise ValueError(f"{name} must have shape {list(shape)}, got {list(value.shape)}")
        if value.dtype != np.float32:
            raise ValueError(f"{name} must be float32, got {value.dtype}")
        return value

    def constant(self, name: str, value: np.ndarray) -> str:
        """Makes `value` an initializer, once for each name."""
        if name not in self._constants:
            self._constants.add(name)
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(f"float_{value:g}", np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """An int64 initializer of shape [len(values)]."""
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, op: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def linear(self, name: str, x: str, inputs: int, outputs: int) -> str:
        """x · Wᵀ + b: [batch, sequence, inputs] → [batch, sequence, outputs]."""
        weight = self.constant(f"{name}.weight", self.weight(f"{name}.weight", (outputs, inputs)).T)
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias", (outputs,)))
        return self.add("Add", [self.add("MatMul", [x, weight], f"{name}.product"), bias], f"{name}.sum")

    def layer_norm(self, name: str, x: str, output: str | None = None) -> str:
        size = (self.config.hidden_size,)
        scale = self.constant(f"{name}.weight", self.weight(f"{name}.weight", size))
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias", size))
        epsilon = self.config.layer_norm_eps
        return self.add("LayerNormalization", [x, scale, bias], output or f"{name}.out", axis=-1, epsilon=epsilon)


def _embeddings(graph: _Graph, token_type_ids: bool) -> str:
    """Word + position (+ token type) embeddings, normalised: [batch, sequence, hidden]."""
    hidden = graph.config.hidden_size
    words = graph.weight("embeddings.word_embeddings.weight", (None, hidden))
    positions = graph.weight("embeddings.position_embeddings.weight", (None, hidden))
    types = graph.weight("embeddings.token_type_embeddings.weight", (None, hidden))
    if not token_type_ids:
        # Every token is then of type 0, whose vector can be part of the positions'.
        positions = positions + types[0]
    word = graph.add("Gather", [graph.constant("words", words), "input_ids"], "word_vectors", axis=0)
    where = [graph.constant("positions", positions), _position_ids(graph)]
    position = graph.add("Gather", where, "position_vectors", axis=0)
    total = graph.add("Add", [word, position], "word_position_sum")
    if token_type_ids:
        kind = graph.add("Gather", [graph.constant("types", types), "token_type_ids"], "type_vectors", axis=0)
        total = graph.add("Add", [total, kind], "embedding_sum")
    return graph.layer_norm("embeddings.LayerNorm", total)


def _position_ids(graph: _Graph) -> str:
    """0, 1, 2, … for each row: int64 [batch, sequence]."""
    shape = graph.add("Shape", ["input_ids"], "input_shape")
    zero = graph.constant("zero", np.array(0, np.int64))
    one = graph.constant("one", np.array(1, np.int64))
    length = graph.add("Gather", [shape, one], "sequence_length", axis=0)
    row = graph.add("Range", [zero, length, one], "position_range")
    row = graph.add("Unsqueeze", [row, graph.integers(0)], "position_row")
    return graph.add("Expand", [row, shape], "position_ids")


def _attention_mask(graph: _Graph) -> str:
    """What scores get added, 0 for a token, very negative for padding: float32 [batch, 1, 1, sequence]."""
    mask = graph.add("Unsqueeze", ["attention_mask", graph.integers(1)], "mask_heads")
    mask = graph.add("Unsqueeze", [mask, graph.integers(2)], "mask_queries")
    mask = graph.add("Cast", [mask], "mask_float", to=TensorProto.FLOAT)
    mask = graph.add("Sub", [graph.scalar(1.0), mask], "mask_inverted")
    # exp(-10000) is 0 in float32; the lowest float itself would become -inf with a score added.
    return graph.add("Mul", [mask, graph.scalar(-10000.0)], "mask_scores")


def _layer(graph: _Graph, name: str, x: str, mask: str, output: str | None) -> str:
    """One encoder layer: [batch, sequence, hidden] → the same."""
    config = graph.config
    attended = _self_attention(graph, f"{name}.attention.self", x, mask)
    dense = graph.linear(f"{name}.attention.output.dense", attended, config.hidden_size, config.hidden_size)
    total = graph.add("Add", [dense, x], f"{name}.attention.output.residual")
    x = graph.layer_norm(f"{name}.attention.output.LayerNorm", total)

    wide = graph.linear(f"{name}.intermediate.dense", x, config.hidden_size, config.intermediate_size)
    wide = _gelu(graph, f"{name}.intermediate.gelu", wide)
    dense = graph.linear(f"{name}.output.dense", wide, config.intermediate_size, config.hidden_size)
    total = graph.add("Add", [dense, x], f"{name}.output.residual")
    return graph.layer_norm(f"{name}.output.LayerNorm", total, output)


def _self_attention(graph: _Graph, name: str, x: str, mask: str) -> str:
    """softmax(q · kᵀ / √head_size + mask) · v of all heads, side by side: [batch, sequence, hidden]."""
    config = graph.config
    split = graph.integers(0, 0, config.num_attention_heads, config.head_size)

    def heads(part: str, order: list[int]) -> str:
        projected = graph.linear(f"{name}.{part}", x, config.hidden_size, config.hidden_size)
        rows = graph.add("Reshape", [projected, split], f"{name}.{part}.rows")
        return graph.add("Transpose", [rows], f"{name}.{part}.heads", perm=order)

    query, value = heads("query", [0, 2, 1, 3]), heads("value", [0, 2, 1, 3])
    key = heads("key", [0, 2, 3, 1])
    scores = graph.add("MatMul", [query, key], f"{name}.products")
    scores = graph.add("Div", [scores, graph.scalar(math.sqrt(config.head_size))], f"{name}.scores")
    scores = graph.add("Add", [scores, mask], f"{name}.masked")
    shares = graph.add("Softmax", [scores], f"{name}.shares", axis=-1)
    mixed = graph.add("MatMul", [shares, value], f"{name}.mixed")
    rows = graph.add("Transpose", [mixed], f"{name}.mixed_rows", perm=[0, 2, 1, 3])
    return graph.add("Reshape", [rows, graph.integers(0, 0, config.hidden_size)], f"{name}.out")


def _gelu(graph: _Graph, name: str, x: str) -> str:
    """x · (1 + erf(x / √2)) / 2, the exact one."""
    erf = graph.add("Erf", [graph.add("Div", [x, graph.scalar(math.sqrt(2.0))], f"{name}.scaled")], f"{name}.erf")
    product = graph.add("Mul", [x, graph.add("Add", [erf, graph.scalar(1.0)], f"{name}.shifted")], f"{name}.product")
    return graph.add("Mul", [product, graph.scalar(0.5)], f"{name}.out")
