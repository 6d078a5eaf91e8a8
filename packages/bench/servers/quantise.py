"""Weights of a graph in 8 bits, activations quantised as they come. python quantise.py IN.onnx OUT.onnx"""

import sys

from onnxruntime.quantization import QuantType, quantize_dynamic

if __name__ == "__main__":
    quantize_dynamic(sys.argv[1], sys.argv[2], weight_type=QuantType.QInt8)
