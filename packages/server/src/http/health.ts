import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ModelRegistry } from '../models/registry.ts';
import { jsonAnswer, type Operation } from './openapi/operation.ts';

const readiness = z.object({
  status: z.enum(['ready', 'loading', 'draining']),
  models: z.array(z.string()),
});

export const healthOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/livez',
    id: 'getLiveness',
    tag: 'Server',
    summary: 'Whether the process answers',
    answers: [jsonAnswer('Liveness', z.object({ status: z.literal('ok') }))],
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'Server',
    summary: 'Whether the models are warm and requests are taken',
    answers: [
      jsonAnswer('Readiness', readiness, 'Ready'),
      jsonAnswer('Readiness', readiness, 'Models are being loaded, or the server is draining', 503),
    ],
  },
];

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
