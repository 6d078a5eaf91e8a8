"""LitServe with batching. MODEL_DIR=… PORT=… WORKERS=2 WAIT_MS=5 python litserve_embed.py"""

import os

import litserve
import numpy as np
import orjson
from encoder import Encoder
from fastapi import Response


class Embedder(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.encoder = Encoder.from_environment()

    def decode_request(self, request: dict) -> str:
        (text,) = request["inputs"]
        return text

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, texts: list[str]) -> np.ndarray:
        return self.encoder.embed(texts)

    def unbatch(self, output: np.ndarray) -> list[np.ndarray]:
        return list(output)

    def encode_response(self, vector: np.ndarray) -> Response:
        body = orjson.dumps(vector[np.newaxis], option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")


if __name__ == "__main__":
    api = Embedder(max_batch_size=32, batch_timeout=float(os.environ["WAIT_MS"]) / 1000, api_path="/embed")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=int(os.environ["WORKERS"]), timeout=60)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=1,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
