import type { RequestHandler } from 'express';
import { z } from 'zod';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { textInputs } from './inputs.ts';
import { jsonAnswer, type Operation } from './openapi/operation.ts';
import { validate } from './validate.ts';
import { vectorJson } from './vector-json.ts';

/** The rest of TEI's request; `inputs` is checked where all APIs' inputs are. */
const embedSchema = z.object({
  /** `false` refuses texts that are too long; else they are cut, as TEI does by default. */
  truncate: z.boolean('expected true or false').nullish(),
  /** `false` leaves vectors as pooling made them; else the model's directory says. */
  normalize: z.boolean('expected true or false').nullish(),
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
  errors: [400, 404, 413, 415, 422, 429, 503],
};

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
    response.type('json').send(`[${vectors.map(vectorJson).join(',')}]`);
  };
}
