"""MLServer's runtime of the model, with its adaptive batching. mlserver start FOLDER, which has model-settings.json."""

from encoder import Encoder
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Embedder(MLModel):
    async def load(self) -> bool:
        self.encoder = Encoder.from_environment()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        vectors = self.encoder.embed(texts)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("vectors", vectors)])
