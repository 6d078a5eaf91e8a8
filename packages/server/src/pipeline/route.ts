import { InferometerError, messageOf } from '@inferometer/core';
import type { Model } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import express, { type RequestHandler, type Response, Router } from 'express';
import { callOptions } from '../http/call-options.ts';
import { postOnly } from '../http/error-handler.ts';
import type { Turns } from '../http/turns.ts';
import { answerJson } from './answer-json.ts';
import type { Pipeline } from './pipeline.ts';
import { runPipeline } from './run-pipeline.ts';

/** A pipeline and the model that was loaded for it. */
export interface MountedPipeline {
  readonly path: string;
  /** Of the model. */
  readonly name: string;
  readonly pipeline: Pipeline;
}

export interface PipelineRoutes {
  readonly pipelines: readonly MountedPipeline[];
  /** @throws {InferometerError} UNAVAILABLE while it loads */
  readonly modelOf: (name: string) => Model;
  readonly turns: Turns;
  readonly maxInputs: number;
  /** Longest body, after decompression, bytes. */
  readonly maxBodyBytes: number;
  /** Put before each of them. */
  readonly before: readonly RequestHandler[];
}

/** `POST` to each pipeline's path. */
export function pipelineRouter(options: PipelineRoutes): Router {
  const router = Router();
  const { maxBodyBytes: limit, before } = options;
  const read = [
    express.json({ limit, strict: false, type: ['application/json', 'application/*+json'] }),
    express.text({ limit, type: 'text/*' }),
    express.raw({ limit, type: () => true }),
  ];
  for (const mounted of options.pipelines) {
    router
      .route(mounted.path)
      .all(...before)
      .post(read, handler(mounted, options))
      .all(postOnly);
  }
  return router;
}

function handler({ name, pipeline }: MountedPipeline, options: PipelineRoutes): RequestHandler {
  const { modelOf, turns, maxInputs } = options;
  return async (request, response) => {
    const trace = traceOf(request);
    if (trace) trace.model = name;
    const model = modelOf(name);
    const answer = await runPipeline(pipeline, model, {
      body: request.body as unknown,
      request,
      options: callOptions(request),
      turns,
      maxInputs,
    });
    await turns.next();
    send(response, answer);
  };
}

/** Bytes as they are, all else as JSON. */
function send(response: Response, answer: unknown): void {
  if (answer instanceof Uint8Array) {
    response
      .type('application/octet-stream')
      .send(Buffer.from(answer.buffer, answer.byteOffset, answer.length));
    return;
  }
  let json: string;
  try {
    json = answerJson(answer);
  } catch (cause) {
    throw new InferometerError(
      'RUN_FAILED',
      `postprocess failed: its answer is no JSON: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  response.type('json').send(json);
}
