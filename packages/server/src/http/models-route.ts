import type { Model } from '@inferometer/engine';
import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ModelRegistry } from '../models/registry.ts';
import { jsonAnswer, type Operation } from './openapi/operation.ts';
import { RequestProblem } from './problem.ts';

const modelSchema = z.object({
  id: z.string().describe('Name in requests.'),
  object: z.literal('model'),
  created: z.int().describe('Seconds since the epoch at which the server began.'),
  owned_by: z.string(),
  kind: z.string().describe('What it does, such as `embedding` or `generative`.'),
  max_tokens: z.int().optional().describe('Tokens that it takes, of models of text.'),
  dimensions: z.int().optional().describe('Length of its vectors, of models that embed.'),
});

export const modelsOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/models',
    id: 'listModels',
    tag: 'OpenAI',
    summary: 'The models that are served',
    answers: [
      jsonAnswer('ListModelsResponse', z.object({ object: z.literal('list'), data: z.array(modelSchema) })),
    ],
  },
  {
    method: 'get',
    path: '/v1/models/{model}',
    id: 'retrieveModel',
    tag: 'OpenAI',
    summary: 'One model',
    parameters: [
      { name: 'model', in: 'path', description: 'Its name', schema: z.string(), example: 'nickname-encoder' },
    ],
    answers: [jsonAnswer('Model', modelSchema)],
    errors: [404],
  },
];

/** `GET /v1/models` and `GET /v1/models/{model}` of OpenAI, with what each model does beside it. */
export function modelsRouter(registry: ModelRegistry): Router {
  const created = Math.floor(Date.now() / 1000);
  const describeModel = (model: Model): Record<string, unknown> => ({
    id: model.name,
    object: 'model',
    created,
    owned_by: 'inferometer',
    kind: model.kind,
    ...(model.kind === 'tensor' ? {} : { max_tokens: model.directory.maxTokens }),
    ...(model.kind === 'embedding' ? { dimensions: model.dimensions } : {}),
  });
  const list: RequestHandler = (_request, response) => {
    response.json({ object: 'list', data: registry.models.map(describeModel) });
  };
  const router = Router();
  router.get('/', list);
  router.get('/:name', (request, response) => {
    const model = registry.models.find(({ name }) => name === request.params.name);
    if (!model) {
      const message = `model "${request.params.name}" does not exist, expected one of ${registry.names.join(', ')}`;
      throw new RequestProblem(404, 'model_not_found', message, 'model');
    }
    response.json(describeModel(model));
  });
  return router;
}
