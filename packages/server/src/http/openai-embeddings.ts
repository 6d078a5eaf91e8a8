import { InferometerError } from '@inferometer/core';
import { normalizeRows } from '@inferometer/engine';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { createJsonBytes, roomFor, sendJsonBytes } from './json-bytes.ts';
import { validate } from './validate.ts';

const embeddingsSchema = z.object({
  model: z.string('expected the name of a model').nullish(),
  encoding_format: z.enum(['float', 'base64'], 'expected "float" or "base64"').nullish(),
  dimensions: z.int('expected an integer >= 1').min(1, 'expected an integer >= 1').nullish(),
  /** Ours: `false` refuses texts that are too long; else they are cut, as sentence-transformers does. */
  truncate: z.boolean('expected true or false').nullish(),
});

/** `POST /v1/embeddings` of OpenAI. */
export function openaiEmbeddings(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const body = validate(embeddingsSchema, request.body);
    const { vectors, model, tokens } = await embedInputs(context, request, request.body.input, {
      field: 'input',
      model: body.model ?? undefined,
      truncate: body.truncate ?? true,
    });
    const shaped = shorten(vectors, body.dimensions ?? undefined);
    const json = createJsonBytes(shaped.length * (roomFor(shaped[0]) + 64) + 256);
    json.text('{"object":"list","data":[');
    shaped.forEach((vector, index) => {
      json.text(`${index === 0 ? '' : ','}{"object":"embedding","index":${index},"embedding":`);
      if (body.encoding_format === 'base64') json.text(base64Json(vector));
      else json.vector(vector);
      json.text('}');
    });
    const rest = { model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
    json.text(`],${JSON.stringify(rest).slice(1)}`);
    sendJsonBytes(response, json.bytes());
  };
}

/** The first dimensions, scaled to length 1 anew, as OpenAI shortens. */
function shorten(vectors: readonly Float32Array[], dimensions: number | undefined): readonly Float32Array[] {
  const full = vectors[0]?.length ?? 0;
  if (dimensions === undefined || dimensions === full) return vectors;
  if (dimensions > full) {
    const message = `expected at most the model's ${full} dimensions, got ${dimensions}`;
    throw new InferometerError('INVALID_INPUT', message, { field: 'dimensions' });
  }
  return vectors.map((vector) => {
    const short = vector.slice(0, dimensions);
    normalizeRows(short, dimensions);
    return short;
  });
}

/** Little-endian float32, as OpenAI's clients decode it. */
function base64Json(vector: Float32Array): string {
  return `"${Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')}"`;
}
