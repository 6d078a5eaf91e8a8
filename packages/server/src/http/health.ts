import { type RequestHandler, Router } from 'express';
import type { ModelRegistry } from '../models/registry.ts';

/** `/livez`: the process answers. `/readyz`: 200 once the models are warm, 503 before, and while draining. */
export function healthRouter(registry: ModelRegistry, isDraining: () => boolean): Router {
  const router = Router();
  const live: RequestHandler = (_request, response) => {
    response.json({ status: 'ok' });
  };
  router.get('/livez', live);
  router.get('/readyz', (_request, response) => {
    const status = isDraining() ? 'draining' : registry.ready ? 'ready' : 'loading';
    response.status(status === 'ready' ? 200 : 503).json({ status, models: registry.names });
  });
  return router;
}
