"""BentoML with adaptive batching. MODEL_DIR=… WORKERS=2 bentoml serve bentoml_embed:Embedder"""

import os

import bentoml
import numpy as np
from encoder import Encoder


@bentoml.service(
    workers=int(os.environ["WORKERS"]),
    traffic={"timeout": 60},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Embedder:
    def __init__(self) -> None:
        self.encoder = Encoder.from_environment()

    # max_latency_ms stays at its default, a minute: below, requests are refused with 503 instead of waiting.
    @bentoml.api(batchable=True, max_batch_size=32)
    def embed(self, inputs: list[str]) -> np.ndarray:
        return self.encoder.embed(inputs)
