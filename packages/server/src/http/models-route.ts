import type { RequestHandler } from 'express';
import type { ModelRegistry } from '../models/registry.ts';

/** `GET /v1/models` of OpenAI, with what each model does beside it. */
export function modelsRoute(registry: ModelRegistry, startedAt: number): RequestHandler {
  return (_request, response) => {
    response.json({
      object: 'list',
      data: registry.models.map((model) => ({
        id: model.name,
        object: 'model',
        created: startedAt,
        owned_by: 'inferometer',
        kind: model.kind,
        max_tokens: model.directory.maxTokens,
        ...(model.kind === 'embedding' ? { dimensions: model.dimensions } : {}),
      })),
    });
  };
}
