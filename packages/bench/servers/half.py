"""Weights and arithmetic of a graph in 16 bits, inputs and outputs as they were. python half.py IN.onnx OUT.onnx"""

import sys

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

if __name__ == "__main__":
    graph = onnx.load(sys.argv[1])
    onnx.save(convert_float_to_float16(graph, keep_io_types=True), sys.argv[2])
