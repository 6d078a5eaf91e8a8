"""Makes an 8-bit variant of a model beside the one it has: `python quantize.py ./all-MiniLM-L6-v2` writes model_int8.onnx.

Weights of matrix products become 8-bit numbers, one scale a column; their inputs are quantised as they come (dynamic
quantisation), so that no sample of texts is needed. `inferometer serve --model minilm:int8=./all-MiniLM-L6-v2` serves it.
"""

import argparse
import pathlib

from onnxruntime.quantization import QuantType, quantize_dynamic


def quantise(directory: pathlib.Path) -> pathlib.Path:
    """Writes `model_int8.onnx` beside `model.onnx`, which may lie in `onnx/`; returns its path."""
    graphs = [directory / "model.onnx", directory / "onnx" / "model.onnx"]
    source = next((graph for graph in graphs if graph.is_file()), None)
    if source is None:
        raise SystemExit(f"{directory} has no model.onnx: expected the directory of a model")
    target = source.with_name("model_int8.onnx")
    # Signed weights and one scale a column lose least; without a shape inference before, as ours infers as it loads.
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)
    return target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, help="of the model, with model.onnx in it")
    written = quantise(parser.parse_args().directory)
    print(f"{written.stat().st_size:>11,} bytes  {written}")
