import { fileURLToPath } from 'node:url';
import type { ResponseCache } from '@inferometer/engine';
import { inferometer, metricsHandler, profilingHandler } from '@inferometer/express';
import type { RunningTelemetry } from '@inferometer/sdk';
import express, { type Express, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { ModelRegistry } from '../models/registry.ts';
import type { Namers } from '../nicknames/namers.ts';
import { pipelineOperations } from '../pipeline/operations.ts';
import { type MountedPipeline, pipelineRouter } from '../pipeline/route.ts';
import { appsList } from './apps/list.ts';
import { llmChat } from './apps/llm-chat.ts';
import { appsRouter } from './apps/router.ts';
import { jsonBody } from './body.ts';
import type { RouteContext } from './embedding-route.ts';
import { errorHandler, notFound, postOnly } from './error-handler.ts';
import { healthRouter } from './health.ts';
import type { InputLimits } from './inputs.ts';
import { modelsRouter } from './models-route.ts';
import { nicknamesRoute } from './nicknames-route.ts';
import { oipRouter } from './oip/router.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiCompletions } from './openai-completions.ts';
import { openaiEmbeddings } from './openai-embeddings.ts';
import { operations } from './openapi/operations.ts';
import { openApiRoute } from './openapi/route.ts';
import type { BodyPriorities } from './path-work.ts';
import { repositoryRouter } from './repository-route.ts';
import type { StreamLimits } from './sse.ts';
import { teiEmbed } from './tei.ts';
import { teiInfoRouter } from './tei-info.ts';
import { createTurns } from './turns.ts';

export interface AppOptions {
  readonly telemetry: RunningTelemetry;
  readonly registry: ModelRegistry;
  readonly namers: Namers;
  readonly log: Logger;
  readonly isDraining: () => boolean;
  /** Longest request body, bytes. */
  readonly maxBodyBytes: number;
  /** Longest file of an upload, bytes. */
  readonly maxUploadBytes: number;
  /** Longest body of tensors, bytes. */
  readonly maxTensorBytes: number;
  readonly limits: InputLimits;
  /** Answers that can be given again; undefined when nothing is cached. */
  readonly responses: ResponseCache | undefined;
  readonly streams: StreamLimits;
  readonly pipelines: readonly MountedPipeline[];
  readonly bodyPriorities: BodyPriorities;
}

const pageDir = fileURLToPath(new URL('../page', import.meta.url));

/** The whole HTTP surface of the main port. */
export function createApp(options: AppOptions): Express {
  const { registry, telemetry, log } = options;
  const { telemetry: traces } = telemetry;
  const { limits, streams, responses } = options;
  const context: RouteContext = { registry, limits, turns: createTurns(), streams, responses };
  const app = express();
  app.disable('x-powered-by');
  // Hashing every vector would cost more than it saves: nobody asks for the same answer with a validator.
  app.disable('etag');

  // No model is closed that a request may have chosen.
  app.use((_request, response, next) => {
    response.once('close', registry.enter());
    next();
  });
  // Before tracing: asking what there is is no inference.
  app.use('/v1/models', modelsRouter(registry));
  app.get('/apps', appsList(operations));
  const { enabled, profiling } = telemetry.config;
  app.use('/v2/repository', repositoryRouter(registry, options.maxBodyBytes, profiling.token));
  const trace = enabled ? inferometer({ telemetry: traces, phase: 'admission', profiling: false }) : pass;
  app.use(['/embed', '/nicknames', '/v1', '/apps'], trace);
  app.use(inferenceRoutes(options, context));
  const { isDraining, bodyPriorities, maxTensorBytes: maxBodyBytes } = options;
  const before = [trace];
  const { turns } = context;
  app.use(oipRouter({ registry, turns, bodyPriorities, isDraining, maxBodyBytes, before }));
  const { pipelines } = options;
  app.use(pipelineRouter({ ...limits, pipelines, modelOf: registry.find, turns, maxBodyBytes, before }));
  app.use(healthRouter(registry, options.isDraining));
  app.use(teiInfoRouter(registry, options.limits, options.isDraining));
  app.get('/openapi.json', openApiRoute([...operations, ...pipelineOperations(pipelines)]));
  app.get('/metrics', metricsHandler(telemetry.metrics));
  if (profiling.enabled ?? true) {
    const { token } = profiling;
    app.use('/profiling', profilingHandler({ telemetry: traces, ...(token ? { token } : {}) }));
  }
  app.use(express.static(pageDir, { index: 'index.html' }));
  app.use(notFound);
  app.use(errorHandler(traces, log));
  return app;
}

function inferenceRoutes(options: AppOptions, context: RouteContext): Router {
  const { maxUploadBytes } = options;
  const router = Router();
  const body = jsonBody(options.maxBodyBytes);
  router.use('/apps', appsRouter({ registry: context.registry, body, maxUploadBytes }));
  const post = (path: string, handler: RequestHandler): void => {
    router.route(path).post(body, handler).all(postOnly);
  };
  post('/embed', teiEmbed(context));
  post('/v1/embeddings', openaiEmbeddings(context));
  post('/v1/completions', openaiCompletions(context));
  post('/v1/chat/completions', openaiChat(context));
  post('/apps/llm_chat', llmChat(context));
  post('/nicknames', nicknamesRoute(context, options.namers));
  return router;
}

const pass: RequestHandler = (_request, _response, next) => next();
