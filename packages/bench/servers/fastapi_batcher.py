"""FastAPI with the usual batcher: a queue, and a task that waits for a full batch or for a while.

    MODEL_DIR=… WAIT_MS=5 uvicorn fastapi_batcher:app
"""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np
import orjson
from encoder import Encoder
from fastapi import FastAPI, Response
from pydantic import BaseModel

MAX_BATCH_SIZE = 32
WAIT_SECONDS = float(os.environ["WAIT_MS"]) / 1000
# Model runs at a time.
RUNS = int(os.environ.get("RUNS", "1"))

Item = tuple[str, asyncio.Future[np.ndarray]]

encoder = Encoder.from_environment()
runs = ThreadPoolExecutor(RUNS)
queue: asyncio.Queue[Item] = asyncio.Queue()


async def next_batch() -> list[Item]:
    loop = asyncio.get_running_loop()
    batch = [await queue.get()]
    until = loop.time() + WAIT_SECONDS
    while len(batch) < MAX_BATCH_SIZE:
        # What is there already costs no timer.
        if not queue.empty():
            batch.append(queue.get_nowait())
            continue
        left = until - loop.time()
        if left <= 0:
            break
        try:
            batch.append(await asyncio.wait_for(queue.get(), left))
        except TimeoutError:
            break
    return batch


async def run_batches() -> None:
    loop = asyncio.get_running_loop()
    while True:
        batch = await next_batch()
        try:
            vectors = await loop.run_in_executor(runs, encoder.embed, [text for text, _ in batch])
        except Exception as error:  # Whatever it was, those who wait must hear of it.
            for _, answer in batch:
                answer.set_exception(error)
            continue
        for (_, answer), vector in zip(batch, vectors, strict=True):
            if not answer.done():
                answer.set_result(vector)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    batchers = [asyncio.create_task(run_batches()) for _ in range(RUNS)]
    yield
    for batcher in batchers:
        batcher.cancel()


app = FastAPI(lifespan=lifespan)


class EmbedRequest(BaseModel):
    inputs: list[str]


@app.post("/embed")
async def embed(request: EmbedRequest) -> Response:
    answers = [asyncio.get_running_loop().create_future() for _ in request.inputs]
    for item in zip(request.inputs, answers, strict=True):
        queue.put_nowait(item)
    vectors = np.stack(await asyncio.gather(*answers))
    return Response(orjson.dumps(vectors, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@app.get("/ready")
async def ready() -> str:
    return "ready"
