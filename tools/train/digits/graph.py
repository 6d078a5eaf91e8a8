"""The ONNX graph, written by hand: named input and output, batch norms folded into the convolutions."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .data import SIDE
from .model import DigitNet


def digit_graph(model: DigitNet) -> onnx.ModelProto:
    """`image` float32 [batch, 1, 16, 16] to `scores` float32 [batch, 10], which add up to 1."""
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def add(op: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def weight(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name

    one, zero = weight("even.scale", np.ones(1)), weight("even.bias", np.zeros(1))
    at = add("InstanceNormalization", ["image", one, zero], "even", epsilon=model.even.eps)
    for index, (convolution, norm) in enumerate(zip(model.convolutions, model.norms, strict=True)):
        factor = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        kernel = (convolution.weight * factor[:, None, None, None]).detach().numpy()
        bias = (norm.bias - norm.running_mean * factor).detach().numpy()
        inputs = [at, weight(f"conv{index}.weight", kernel), weight(f"conv{index}.bias", bias)]
        at = add("Conv", inputs, f"conv{index}", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        at = add("Relu", [at], f"relu{index}")
        if index < 2:
            at = add("MaxPool", [at], f"pool{index}", kernel_shape=[2, 2], strides=[2, 2])
    gather = [weight("gather.weight", model.gather.weight.detach().numpy()), weight("gather.bias", model.gather.bias.detach().numpy())]
    at = add("Relu", [add("Conv", [at, *gather], "gather", kernel_shape=[4, 4])], "gathered")
    at = add("Flatten", [at], "features", axis=1)
    head = [weight("head.weight", model.head.weight.detach().numpy()), weight("head.bias", model.head.bias.detach().numpy())]
    at = add("Gemm", [at, *head], "logits", transB=1)
    add("Softmax", [at], "scores", axis=-1)
    graph = helper.make_graph(
        nodes,
        "image-digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        weights,
    )
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="inferometer")
    onnx.checker.check_model(result, full_check=True)
    return result
