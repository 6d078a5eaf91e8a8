import { createProfilingAccess, InferometerError } from '@inferometer/core';
import express, { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ModelRegistry } from '../models/registry.ts';
import { postOnly } from './error-handler.ts';
import { jsonAnswer, type Operation, type Parameter } from './openapi/operation.ts';
import { RequestProblem } from './problem.ts';
import { validate } from './validate.ts';

const anObject = 'expected a JSON object';

const indexSchema = z.object({ ready: z.boolean('expected true or false').nullish() }, anObject);

const loadSchema = z.object(
  {
    parameters: z
      .record(z.string(), z.unknown(), anObject)
      .refine(
        (parameters) => Object.keys(parameters).length === 0,
        'expected none: files and settings of a model come from the server’s own disk',
      )
      .nullish(),
  },
  anObject,
);

const unloadSchema = z.object(
  {
    parameters: z
      .strictObject(
        { unload_dependents: z.boolean('expected true or false').nullish() },
        'expected unload_dependents alone',
      )
      .nullish(),
  },
  anObject,
);

const name: Parameter = {
  name: 'model',
  in: 'path',
  description: 'Its name',
  schema: z.string(),
  example: 'nickname-encoder',
};
const tag = 'Open Inference Protocol';
const guarded: readonly number[] = [401, 403];

const change = (action: 'load' | 'unload', summary: string, schema: z.ZodType): Operation => ({
  method: 'post',
  path: `/v2/repository/models/{model}/${action}`,
  id: `${action}Model`,
  tag,
  summary,
  parameters: [name],
  request: [
    { body: { name: `${action === 'load' ? 'Load' : 'Unload'}Request`, schema }, examples: { plain: {} } },
  ],
  answers: [{ status: 200, description: 'Done' }],
  errors: [400, 404, 413, 415, ...guarded],
});

export const repositoryOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v2/repository/index',
    id: 'getRepositoryIndex',
    tag,
    summary: 'The versions of all models and what has become of them',
    request: [
      { body: { name: 'IndexRequest', schema: indexSchema }, examples: { all: {}, ready: { ready: true } } },
    ],
    answers: [
      jsonAnswer(
        'RepositoryIndex',
        z.array(
          z.object({
            name: z.string(),
            version: z.string(),
            state: z.enum(['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE']),
            reason: z.string(),
          }),
        ),
      ),
    ],
    errors: [400, 413, 415, ...guarded],
  },
  change('unload', 'Takes a model away once its requests have ended', unloadSchema),
  change('load', 'Loads a model, or loads it again from its files', loadSchema),
];

/**
 * The model repository extension of the Open Inference Protocol, as Triton has it: `index`, and `load` and `unload` of a
 * model. Whoever may see /profiling may use it.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 * @param maxBodyBytes longest request body
 * @param token opens it to other machines
 */
export function repositoryRouter(
  registry: ModelRegistry,
  maxBodyBytes: number,
  token: string | undefined,
): Router {
  const router = Router();
  router.use(guard(token));
  // Triton's clients send JSON with or without saying so, or nothing.
  router.use(express.json({ limit: maxBodyBytes, type: () => true, strict: false }));
  router
    .route('/index')
    .post((request, response) => {
      const { ready } = validate(indexSchema, request.body ?? {});
      const versions = registry.versions.filter(({ state }) => !ready || state === 'READY');
      response.json(versions.map(({ name, version, state, reason }) => ({ name, version, state, reason })));
    })
    .all(postOnly);
  const change = (path: string, schema: z.ZodType, act: (name: string) => Promise<unknown>): void => {
    router
      .route(path)
      .post(async (request, response) => {
        validate(schema, request.body ?? {});
        await act(String(request.params.name)).catch(refuse);
        // As Triton answers: the status says that it is done.
        response.status(200).end();
      })
      .all(postOnly);
  };
  change('/models/:name/load', loadSchema, registry.load);
  change('/models/:name/unload', unloadSchema, registry.unload);
  return router;
}

/** A model that cannot be loaded is no fault of the server: the answer says what is wrong with it. */
function refuse(error: unknown): never {
  if (error instanceof InferometerError && error.code === 'INVALID_MODEL')
    throw new RequestProblem(400, 'invalid_value', error.message);
  throw error;
}

function guard(token: string | undefined): RequestHandler {
  const access = createProfilingAccess({ ...(token ? { token } : {}), path: '/v2/repository' });
  return (request, response, next) => {
    const refused = access(request);
    if (!refused) return next();
    if (refused.status === 401) response.set('www-authenticate', 'Bearer realm="repository"');
    next(new RequestProblem(refused.status, 'forbidden', refused.error));
  };
}
