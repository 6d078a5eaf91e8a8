import { type RequestHandler, Router } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';
import { allowOnly, postOnly } from '../error-handler.ts';
import { echoText } from './echo-text.ts';
import { fileHeavy } from './file-heavy.ts';
import { imageRoute } from './image/image-route.ts';
import { statefulCounter } from './stateful-counter.ts';

export interface AppsOptions {
  readonly registry: ModelRegistry;
  /** Reads the JSON of a request. */
  readonly body: readonly RequestHandler[];
  /** Longest file, bytes. */
  readonly maxUploadBytes: number;
}

/** Programs to measure with, below `/apps`. */
export function appsRouter({ registry, body, maxUploadBytes }: AppsOptions): Router {
  const router = Router();
  // Listing them is no request of theirs, and is answered before requests are traced.
  router.all('/', allowOnly('GET'));
  router
    .route('/echo_text')
    .post(...body, echoText)
    .all(postOnly);
  router.route('/file_heavy').post(fileHeavy(maxUploadBytes)).all(postOnly);
  router.route('/image').post(imageRoute(registry, maxUploadBytes)).all(postOnly);
  router.use('/stateful_counter', statefulCounter(body));
  return router;
}
