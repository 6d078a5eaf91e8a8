"""FastAPI with a plain function as endpoint: Starlette runs each request in a thread of its pool.

    MODEL_DIR=… uvicorn fastapi_threads:app
"""

import orjson
from encoder import Encoder
from fastapi import FastAPI, Response
from pydantic import BaseModel

encoder = Encoder.from_environment()
app = FastAPI()


class EmbedRequest(BaseModel):
    inputs: list[str]


@app.post("/embed")
def embed(request: EmbedRequest) -> Response:
    vectors = encoder.embed(request.inputs)
    # A response of its own skips the check of every number against a schema.
    return Response(orjson.dumps(vectors, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@app.get("/ready")
def ready() -> str:
    return "ready"
