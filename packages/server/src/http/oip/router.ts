import express, { type RequestHandler, Router } from 'express';
import { postOnly } from '../error-handler.ts';
import { RequestProblem } from '../problem.ts';
import { findModel } from './find-model.ts';
import { type InferContext, inferRoute } from './infer-route.ts';
import { modelMetadata, serverMetadata } from './metadata.ts';

export interface OipOptions extends InferContext {
  readonly isDraining: () => boolean;
  /** Longest body of an inference request, after decompression, bytes. */
  readonly maxBodyBytes: number;
  /** Put before inference requests, and before those alone: asking for metadata is no inference. */
  readonly before: readonly RequestHandler[];
}

/** A model in a path; its name may have slashes. */
const modelPaths = ['/v2/models/*model/versions/:version', '/v2/models/*model'] as const;

/** The Open Inference Protocol v2 over HTTP, with the binary tensor extension. */
export function oipRouter(options: OipOptions): Router {
  const { registry, isDraining, before, maxBodyBytes } = options;
  const router = Router();
  const get = (path: string | string[], handler: RequestHandler): void => {
    router.route(path).get(handler).all(getOnly);
  };
  const read = [checkType, express.raw({ limit: maxBodyBytes, type: () => true })];
  for (const path of modelPaths) {
    router
      .route(`${path}/infer`)
      .all(...before)
      .post(read, inferRoute(options))
      .all(postOnly);
  }
  for (const path of modelPaths) {
    get(`${path}/ready`, (request, response) => {
      const { name } = findModel(registry, request);
      response.json({ name, ready: true });
    });
  }
  get('/v2/health/live', (_request, response) => {
    response.json({ live: true });
  });
  get('/v2/health/ready', (_request, response) => {
    const ready = registry.ready && !isDraining();
    response.status(ready ? 200 : 503).json({ ready });
  });
  get('/v2', (_request, response) => {
    response.json(serverMetadata);
  });
  router.all(['/v2/systemsharedmemory{/*rest}', '/v2/cudasharedmemory{/*rest}'], () => {
    const message = 'shared memory is not supported: send tensors in the body, as JSON or binary data';
    throw new RequestProblem(400, 'invalid_value', message);
  });
  for (const path of modelPaths) {
    get(path, (request, response) => {
      response.json(modelMetadata(findModel(registry, request)));
    });
  }
  return router;
}

const mediaTypes = ['application/json', 'application/*+json', 'application/octet-stream'];

/** Triton's clients say no type at all. */
const checkType: RequestHandler = (request, _response, next) => {
  const type = request.get('content-type');
  if (type === undefined || request.is(mediaTypes) || type === 'application/octet-stream') return next();
  const message = `content type ${type.slice(0, 100)}, expected application/json or application/octet-stream`;
  next(new RequestProblem(415, 'unsupported_media_type', message));
};

const getOnly: RequestHandler = (request, response) => {
  response.set('allow', 'GET, HEAD');
  throw new RequestProblem(405, 'method_not_allowed', `${request.method} is not allowed here, expected GET`);
};
