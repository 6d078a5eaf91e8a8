import type { Model } from '@inferometer/engine';
import { type RequestHandler, Router } from 'express';
import type { ModelRegistry } from '../models/registry.ts';
import { RequestProblem } from './problem.ts';

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
