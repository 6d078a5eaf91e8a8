import type { RequestHandler } from 'express';
import { z } from 'zod';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { createJsonBytes, roomFor, sendJsonBytes } from './json-bytes.ts';
import { validate } from './validate.ts';

/** The rest of TEI's request; `inputs` is checked where all APIs' inputs are. */
const embedSchema = z.object({
  /** `false` refuses texts that are too long; else they are cut, as TEI does by default. */
  truncate: z.boolean('expected true or false').nullish(),
  /** `false` leaves vectors as pooling made them; else the model's directory says. */
  normalize: z.boolean('expected true or false').nullish(),
  /** Ours: which model; the first one that embeds without it. */
  model: z.string('expected the name of a model').nullish(),
});

/** `POST /embed` of text-embeddings-inference: an array of vectors, shape [inputs][dimensions]. */
export function teiEmbed(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const body = validate(embedSchema, request.body);
    const { vectors } = await embedInputs(context, request, request.body.inputs, {
      field: 'inputs',
      model: body.model ?? undefined,
      truncate: body.truncate ?? true,
      normalize: body.normalize ?? undefined,
    });
    sendJsonBytes(response, teiJson(vectors));
  };
}

function teiJson(vectors: readonly Float32Array[]): Buffer {
  const json = createJsonBytes(vectors.length * roomFor(vectors[0]));
  vectors.forEach((vector, index) => {
    json.text(index === 0 ? '[' : ',');
    json.vector(vector);
  });
  json.text(']');
  return json.bytes();
}
