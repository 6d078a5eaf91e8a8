"""Triton's own HTTP client against a server at URL: prints OK, or the first thing that is not as it should be."""

import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

url = sys.argv[1].removeprefix("http://")
client = triton.InferenceServerClient(url, concurrency=4)

ELEMENTS = {
    "bool": [[False, True], [True, False]],
    "int8": [[-128, 127], [0, -1]],
    "int16": [[-(2**15), 2**15 - 1], [0, -1]],
    "int32": [[-(2**31), 2**31 - 1], [0, -1]],
    "int64": [[-(2**63), 2**63 - 1], [2**53 + 1, -1]],
    "uint8": [[0, 255], [1, 2]],
    "uint16": [[0, 65535], [1, 2]],
    "uint32": [[0, 2**32 - 1], [1, 2]],
    "uint64": [[0, 2**64 - 1], [2**53 + 1, 2]],
    "float16": [[1.5, -65504], [0.1, 6e-8]],
    "float32": [[1.5, -0.1], [3.4e38, 1e-45]],
    "float64": [[1.5, -0.1], [1.7e308, 5e-324]],
}
DATATYPES = {"bool": "BOOL", "float16": "FP16", "float32": "FP32", "float64": "FP64", "string": "BYTES"}


def datatype(name):
    return DATATYPES.get(name, name.upper())


def tensor(name, values, kind, binary):
    given = triton.InferInput(name, list(values.shape), kind)
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def check_server():
    assert client.is_server_live() and client.is_server_ready()
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]


def check_metadata():
    assert client.is_model_ready("sum_and_product") and client.is_model_ready("sum_and_product", "1")
    assert not client.is_model_ready("nobody") and not client.is_model_ready("sum_and_product", "7")
    found = client.get_model_metadata("sum_and_product")
    assert found["platform"] == "onnxruntime_onnx" and found["versions"] == ["1"], found
    assert found["inputs"] == [
        {"name": "a", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "b", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "count", "datatype": "INT64", "shape": [-1]},
    ], found
    assert client.get_model_metadata("sum_and_product", "1") == found
    assert [it["name"] for it in found["outputs"]] == ["sum", "product", "copied"]


def check_types():
    for name, values in ELEMENTS.items():
        array = np.array(values, dtype=np.dtype(name))
        for binary_in in (True, False):
            # The client itself refuses half precision as JSON.
            if name == "float16" and not binary_in:
                continue
            for binary_out in (True, False):
                wanted = [triton.InferRequestedOutput("y", binary_data=binary_out)]
                given = [tensor("x", array, datatype(name), binary_in)]
                answer = client.infer(f"identity_{name}", given, outputs=wanted, request_id="one")
                got = answer.as_numpy("y")
                if name == "float16" and not binary_out:
                    got = got.astype(np.float16)
                assert got.dtype == array.dtype and np.array_equal(got, array), (name, binary_in, binary_out, got)
                assert answer.get_response()["id"] == "one"


def check_texts():
    texts = np.array([["", "é"], ["日本語", "a\nb"]], dtype=np.object_)
    for binary_in in (True, False):
        for binary_out in (True, False):
            wanted = [triton.InferRequestedOutput("y", binary_data=binary_out)]
            answer = client.infer("identity_string", [tensor("x", texts, "BYTES", binary_in)], outputs=wanted)
            got = [it.decode() if isinstance(it, bytes) else it for it in answer.as_numpy("y").reshape(-1)]
            assert got == list(texts.reshape(-1)), (binary_in, binary_out, got)


def sum_inputs(rows, binary=True):
    a = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    return a, [
        tensor("a", a, "FP32", binary),
        tensor("b", a + 1, "FP32", not binary),
        tensor("count", np.arange(rows, dtype=np.int64), "INT64", binary),
    ]


def check_several():
    a, inputs = sum_inputs(3)
    # Without outputs all come, as binary data.
    answer = client.infer("sum_and_product", inputs, model_version="1", priority=1, timeout=5_000_000)
    assert np.array_equal(answer.as_numpy("sum"), a + a + 1)
    assert np.array_equal(answer.as_numpy("product"), a * (a + 1))
    assert answer.as_numpy("copied").dtype == np.int32 and list(answer.as_numpy("copied")) == [0, 1, 2]
    assert answer.get_response()["model_version"] == "1"
    wanted = [triton.InferRequestedOutput("product", binary_data=False), triton.InferRequestedOutput("sum")]
    answer = client.infer("sum_and_product", inputs, outputs=wanted)
    assert [it["name"] for it in answer.get_response()["outputs"]] == ["product", "sum"]
    assert answer.as_numpy("copied") is None


def check_async():
    a, inputs = sum_inputs(2)
    pending = [client.async_infer("sum_and_product", inputs) for _ in range(50)]
    for request in pending:
        assert np.array_equal(request.get_result().as_numpy("sum"), a + a + 1)


def check_compression():
    a, inputs = sum_inputs(500)
    for algorithm in ("gzip", "deflate"):
        answer = client.infer(
            "sum_and_product",
            inputs,
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        assert np.array_equal(answer.as_numpy("sum"), a + a + 1)


def refused(status, says, call):
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == str(status), (says, error.status(), error.message())
        assert says in error.message(), error.message()
        return
    raise AssertionError(f"not refused: {says}")


def check_errors():
    _, inputs = sum_inputs(1)
    wide = tensor("x", np.ones((1, 4), np.float32), "FP32", True)
    refused(404, 'model "nobody" does not exist', lambda: client.infer("nobody", inputs))
    refused(404, "no version", lambda: client.infer("sum_and_product", inputs, model_version="7"))
    refused(400, "missing", lambda: client.infer("sum_and_product", inputs[:1]))
    refused(400, "no such input", lambda: client.infer("fixed", inputs))
    refused(400, "expected shape [1, 3]", lambda: client.infer("fixed", [wide]))
    refused(400, "expected INT64, got FP32", lambda: client.infer("identity_int64", [wide]))
    ask = [triton.InferRequestedOutput("z")]
    refused(400, "no such output", lambda: client.infer("identity_float32", [wide], outputs=ask))
    classes = [triton.InferRequestedOutput("y", class_count=3)]
    refused(400, "classification", lambda: client.infer("identity_float32", [wide], outputs=classes))
    refused(400, "sequences", lambda: client.infer("identity_float32", [wide], sequence_id=5))
    nan = tensor("x", np.full((1, 4), np.nan, np.float32), "FP32", True)
    refused(400, "NaN", lambda: client.infer("identity_float32", [nan]))
    through = client.infer("identity_float32", [nan], parameters={"allow_non_finite": True})
    assert np.isnan(through.as_numpy("y")).all()
    shared = triton.InferInput("x", [1, 4], "FP32")
    shared.set_shared_memory("region", 16)
    refused(400, "shared memory", lambda: client.infer("identity_float32", [shared]))
    refused(400, "shared memory", lambda: client.register_system_shared_memory("region", "/region", 16))
    refused(400, "shared memory", client.get_cuda_shared_memory_status)


for check in (
    check_server,
    check_metadata,
    check_types,
    check_texts,
    check_several,
    check_async,
    check_compression,
    check_errors,
):
    check()
print("OK")
