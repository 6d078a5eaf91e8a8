import type { LoadReport, Model } from '@inferometer/engine';
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
  versions: z
    .array(
      z.object({
        version: z.string(),
        state: z.enum(['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE']),
        default: z.boolean().describe('Whether it answers requests that name no version.'),
        reason: z.string().optional().describe('Why it is not ready, or why its last reload has failed.'),
      }),
    )
    .describe('Those of this name: `name@version` asks for one.'),
  load: z
    .object({
      total_ms: z.number().min(0),
      from_cache: z.boolean().describe('Whether the optimised graph was there already.'),
      phases: z.array(z.object({ name: z.string(), duration_ms: z.number().min(0) })),
    })
    .optional()
    .describe('How the slowest of its executors came up.'),
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
  const describeModel = (model: Model, id: string): Record<string, unknown> => ({
    id,
    object: 'model',
    created,
    owned_by: 'inferometer',
    kind: model.kind,
    ...(model.kind === 'tensor' ? {} : { max_tokens: model.directory.maxTokens }),
    ...(model.kind === 'embedding' ? { dimensions: model.dimensions } : {}),
    versions: registry.versions
      .filter(({ name }) => name === nameOf(id))
      .map(({ version, state, reason, isDefault }) => ({
        version,
        state,
        default: isDefault,
        ...(reason ? { reason } : {}),
      })),
    load: loadOf(model.loads),
  });
  const list: RequestHandler = (_request, response) => {
    const loaded = registry.names.flatMap((name) => {
      const model = modelOf(registry, name);
      return model ? [describeModel(model, name)] : [];
    });
    response.json({ object: 'list', data: loaded });
  };
  const router = Router();
  router.get('/', list);
  router.get('/:name', (request, response) => {
    const { name } = request.params;
    const model = modelOf(registry, name);
    if (!model) {
      const message = `model "${name}" does not exist, expected one of ${registry.names.join(', ')}`;
      throw new RequestProblem(404, 'model_not_found', message, 'model');
    }
    response.json(describeModel(model, name));
  });
  return router;
}

/** Those that are not loaded are not listed. */
function modelOf(registry: ModelRegistry, name: string): Model | undefined {
  try {
    return registry.find(name);
  } catch {
    return undefined;
  }
}

function nameOf(id: string): string {
  return id.split('@')[0] as string;
}

/** How the slowest of a model's executors came up, ms. */
function loadOf(loads: readonly LoadReport[]): Record<string, unknown> | undefined {
  const [slowest] = [...loads].sort((a, b) => b.totalMs - a.totalMs);
  if (!slowest) return undefined;
  const round = (ms: number): number => Math.round(ms * 10) / 10;
  return {
    total_ms: round(slowest.totalMs),
    from_cache: slowest.fromCache,
    phases: slowest.phases.map(({ name, start, end }) => ({ name, duration_ms: round(end - start) })),
  };
}
