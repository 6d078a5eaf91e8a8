import type { LoadReport, Model } from '@inferometer/engine';
import { type RequestHandler, Router } from 'express';
import type { ModelRegistry } from '../models/registry.ts';
import { RequestProblem } from './problem.ts';

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
