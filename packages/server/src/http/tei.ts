import type { RequestHandler } from 'express';
import { z } from 'zod';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { textInputs } from './inputs.ts';
import { createJsonBytes, roomFor, sendJsonBytes } from './json-bytes.ts';
import { jsonAnswer, type Operation } from './openapi/operation.ts';
import { RequestProblem } from './problem.ts';
import { shorten } from './shorten.ts';
import { validate } from './validate.ts';

/** The rest of TEI's request; `inputs` is checked where all APIs' inputs are. */
const embedSchema = z.object({
  /** `false` refuses texts that are too long; else they are cut, as TEI does by default. */
  truncate: z.boolean('expected true or false').nullish(),
  /** `false` leaves vectors as pooling made them; else the model's directory says. */
  normalize: z.boolean('expected true or false').nullish(),
  /** The first so many dimensions, as of models trained for it; scaled to length 1 anew. */
  dimensions: z.int('expected an integer >= 1').min(1, 'expected an integer >= 1').nullish(),
  /** The side at which texts that are too long are cut: a model has one. */
  truncation_direction: z
    .enum(['left', 'right', 'Left', 'Right'], 'expected "left" or "right"')
    .nullish()
    .describe('The side at which texts that are too long are cut: only the model’s own is taken.'),
  prompt_name: z.never('prompts by name are not offered: put the prompt before the text').nullish(),
  /** Ours: which model; the first one that embeds without it. */
  model: z.string('expected the name of a model').nullish(),
});

export const embedOperation: Operation = {
  method: 'post',
  path: '/embed',
  id: 'embed',
  tag: 'TEI',
  summary: 'Vectors of texts',
  isTraced: true,
  isCached: true,
  request: [
    {
      body: { name: 'EmbedRequest', schema: embedSchema.extend({ inputs: textInputs }) },
      examples: {
        one: { inputs: 'What is deep learning?' },
        several: { inputs: ['What is deep learning?', 'How do I bake bread?'], normalize: true },
      },
    },
  ],
  answers: [
    jsonAnswer('EmbedResponse', z.array(z.array(z.number())), 'A vector for each text, in their order'),
  ],
  errors: [400, 404, 413, 415, 422, 429, 503, 504],
};

/** `POST /embed` of text-embeddings-inference: an array of vectors, shape [inputs][dimensions]. */
export function teiEmbed(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const body = validate(embedSchema, request.body);
    checkDirection(context, body);
    const { vectors } = await embedInputs(context, request, request.body.inputs, {
      field: 'inputs',
      model: body.model ?? undefined,
      truncate: body.truncate ?? true,
      normalize: body.normalize ?? undefined,
    });
    sendJsonBytes(response, teiJson(shorten(vectors, body.dimensions ?? undefined)));
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

/** A tokenizer cuts at one side; a wish for the other one is refused, rather than left aside. */
function checkDirection({ registry }: RouteContext, body: z.output<typeof embedSchema>): void {
  if (body.truncation_direction == null || body.truncate === false) return;
  const { name, directory } = registry.embedding(body.model ?? undefined);
  if (body.truncation_direction.toLowerCase() === directory.truncationSide) return;
  const message = `expected "${directory.truncationSide}", at which model "${name}" cuts texts, got "${body.truncation_direction}"`;
  throw new RequestProblem(400, 'invalid_value', message, 'truncation_direction');
}
