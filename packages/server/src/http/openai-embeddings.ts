import type { RequestHandler } from 'express';
import { z } from 'zod';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { textOrTokenInputs } from './inputs.ts';
import { createJsonBytes, roomFor, sendJsonBytes } from './json-bytes.ts';
import { jsonAnswer, modelErrors, type Operation } from './openapi/operation.ts';
import { shorten } from './shorten.ts';
import { validate } from './validate.ts';

const embeddingsSchema = z.object({
  model: z.string('expected the name of a model').nullish(),
  encoding_format: z.enum(['float', 'base64'], 'expected "float" or "base64"').nullish(),
  dimensions: z.int('expected an integer >= 1').min(1, 'expected an integer >= 1').nullish(),
  /** Ours: `false` refuses texts that are too long; else they are cut, as sentence-transformers does. */
  truncate: z.boolean('expected true or false').nullish(),
});

const embeddingsAnswer = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int().min(0),
      embedding: z
        .union([z.array(z.number()), z.string()])
        .describe('Numbers, or the base64 of little-endian float32 where `encoding_format` asks for it.'),
    }),
  ),
  model: z.string(),
  usage: z.object({ prompt_tokens: z.int().min(0), total_tokens: z.int().min(0) }),
});

export const embeddingsOperation: Operation = {
  method: 'post',
  path: '/v1/embeddings',
  id: 'createEmbedding',
  tag: 'OpenAI',
  summary: 'Vectors of texts',
  isTraced: true,
  isCached: true,
  request: [
    {
      body: { name: 'CreateEmbeddingRequest', schema: embeddingsSchema.extend({ input: textOrTokenInputs }) },
      examples: {
        one: { input: 'What is deep learning?' },
        shortened: { input: ['What is deep learning?', 'How do I bake bread?'], dimensions: 16 },
        base64: { input: 'What is deep learning?', encoding_format: 'base64' },
      },
    },
  ],
  answers: [jsonAnswer('CreateEmbeddingResponse', embeddingsAnswer)],
  errors: modelErrors,
};

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

/** Little-endian float32, as OpenAI's clients decode it. */
function base64Json(vector: Float32Array): string {
  return `"${Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')}"`;
}
