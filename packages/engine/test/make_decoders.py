"""Writes one directory a graph into OUT: small decoders with a past that differ in what they take.

One attention head over random embeddings: what comes next depends on every token before it and on its position, so that
a wrong mask, position or row changes the text.
"""

import json
import pathlib
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save

VOCABULARY = 64
WIDTH = 8
FLOAT, HALF, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64
random = numpy.random.default_rng(7)
table = random.normal(size=(VOCABULARY, WIDTH)).astype(numpy.float32)
weights = {name: random.normal(size=(WIDTH, WIDTH)).astype(numpy.float32) for name in ("q", "k", "v")}
head = (random.normal(size=(WIDTH, VOCABULARY)) * 2).astype(numpy.float32)


def constant(name, value, kind):
    return numpy_helper.from_array(numpy.asarray(value, kind), name)


def decoder(name, mask="used", positions="given", batch="batch", past_type=FLOAT, merged=False, words=None, context=4096):
    node = helper.make_node
    inputs = [("input_ids", INT64, [batch, "sequence"])]
    if mask != "absent":
        inputs.append(("attention_mask", INT64, [batch, "total"]))
    if positions == "given":
        inputs.append(("position_ids", INT64, [batch, "sequence"]))
    if merged:
        inputs.append(("use_cache_branch", TensorProto.BOOL, [1]))
    past = [batch, 1, "past_sequence", WIDTH]
    inputs += [(f"past_key_values.0.{kind}", past_type, past) for kind in ("key", "value")]
    nodes = [node("Gather", ["table", "input_ids"], ["embedded"])]
    if positions == "counted":
        # As OPT does: positions are counted from the mask.
        nodes += [
            node("CumSum", ["attention_mask", "axis1"], ["counted"]),
            node("Shape", ["input_ids"], ["ids_shape"]),
            node("Slice", ["ids_shape", "one", "two"], ["fresh"]),
            node("Neg", ["fresh"], ["last"]),
            node("Slice", ["counted", "last", "far", "one"], ["from_one"]),
            node("Sub", ["from_one", "one"], ["position"]),
        ]
    else:
        nodes.append(node("Identity", ["position_ids"], ["position"]))
    nodes += [
        node("Cast", ["position"], ["position_float"], to=FLOAT),
        node("Mul", ["position_float", "frequency"], ["angle"]),
        node("Sin", ["angle"], ["sine"]),
        node("Unsqueeze", ["sine", "two"], ["position_column"]),
        node("Add", ["embedded", "position_column"], ["hidden"]),
    ]
    for kind in ("q", "k", "v"):
        nodes += [
            node("MatMul", ["hidden", f"w{kind}"], [f"flat_{kind}"]),
            node("Unsqueeze", [f"flat_{kind}", "one"], [f"new_{kind}"]),
        ]
    for kind, letter in (("key", "k"), ("value", "v")):
        nodes += [
            node("Cast", [f"past_key_values.0.{kind}"], [f"past_{letter}"], to=FLOAT),
            node("Concat", [f"past_{letter}", f"new_{letter}"], [f"all_{letter}"], axis=2),
            node("Cast", [f"all_{letter}"], [f"present.0.{kind}"], to=past_type),
        ]
    nodes += [
        node("Transpose", ["all_k"], ["keys"], perm=[0, 1, 3, 2]),
        node("MatMul", ["new_q", "keys"], ["scores"]),
        # A column is seen by the tokens at or after it.
        node("Shape", ["all_k"], ["all_shape"]),
        node("Slice", ["all_shape", "two", "three"], ["total"]),
        node("Shape", ["input_ids"], ["shape_of_ids"]),
        node("Slice", ["shape_of_ids", "one", "two"], ["sequence"]),
        node("Sub", ["total", "sequence"], ["before"]),
        node("Concat", ["sequence", "total"], ["square"], axis=0),
        node("ConstantOfShape", ["square"], ["far_off"], value=constant("", [-1e9], numpy.float32)),
        node("Squeeze", ["before"], ["before_scalar"]),
        node("Add", ["before_scalar", "one_scalar"], ["diagonal"]),
        node("Trilu", ["far_off", "diagonal"], ["causal"], upper=1),
        node("Add", ["scores", "causal"], ["causal_scores"]),
    ]
    seen = "causal_scores"
    if mask == "used":
        nodes += [
            node("Cast", ["attention_mask"], ["mask_float"], to=FLOAT),
            node("Sub", ["mask_float", "one_float"], ["less_one"]),
            node("Mul", ["less_one", "huge"], ["penalty"]),
            node("Unsqueeze", ["penalty", "middle"], ["penalty_rows"]),
            node("Add", ["causal_scores", "penalty_rows"], ["masked_scores"]),
        ]
        seen = "masked_scores"
    nodes += [
        node("Softmax", [seen], ["shares"], axis=-1),
        node("MatMul", ["shares", "all_v"], ["attended"]),
        node("Squeeze", ["attended", "one"], ["mixed"]),
        node("Add", ["mixed", "hidden"], ["residual"]),
        node("MatMul", ["residual", "head"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*it) for it in inputs],
        [helper.make_tensor_value_info("logits", FLOAT, [batch, "sequence", VOCABULARY])]
        + [
            helper.make_tensor_value_info(f"present.0.{kind}", past_type, [batch, 1, "total", WIDTH])
            for kind in ("key", "value")
        ],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(head, "head")]
        + [numpy_helper.from_array(value, f"w{kind}") for kind, value in weights.items()]
        + [
            constant("axis1", 1, numpy.int64),
            constant("one", [1], numpy.int64),
            constant("one_scalar", 1, numpy.int64),
            constant("two", [2], numpy.int64),
            constant("three", [3], numpy.int64),
            constant("far", [2**31], numpy.int64),
            constant("middle", [1, 2], numpy.int64),
            constant("frequency", 0.7, numpy.float32),
            constant("one_float", 1, numpy.float32),
            constant("huge", 1e9, numpy.float32),
        ],
    )
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), folder / "model.onnx")
    words = words or [f"w{i}" for i in range(VOCABULARY)]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(words)}, "unk_token": words[0]},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": context}))


decoder("masked")
decoder("counted", positions="counted")
decoder("half", past_type=HALF)
decoder("merged", merged=True)
decoder("no_mask", mask="absent")
decoder("deaf", mask="ignored")
decoder("one_row", batch=1)
# A token is ten kilobytes: a reader that does not read has its sockets full after a few hundred.
decoder("wordy", words=[f"w{i}-" + "x" * 10_000 for i in range(VOCABULARY)], context=100_000)
