import type { ResponseCache } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { Request } from 'express';
import type { ModelRegistry } from '../models/registry.ts';
import { cacheModeOf, tellCache } from './cache-control.ts';
import { callOptions } from './call-options.ts';
import { encodeInputs, type InputLimits, inputsOf } from './inputs.ts';
import type { StreamLimits } from './sse.ts';
import type { Turns } from './turns.ts';

/** What the routes need to do their work. */
export interface RouteContext {
  readonly registry: ModelRegistry;
  readonly limits: InputLimits;
  /** For work that takes the main thread long: splitting texts, writing vectors. */
  readonly turns: Turns;
  /** Answers that can be given again; undefined when nothing is cached. */
  readonly responses: ResponseCache | undefined;
  /** Of answers that are streamed. */
  readonly streams: StreamLimits;
}

export interface EmbeddedInputs {
  readonly model: string;
  /** Shape [inputs][dimensions]. */
  readonly vectors: readonly Float32Array[];
  /** Tokens of all inputs, special ones included. */
  readonly tokens: number;
}

export interface EmbedOptions {
  readonly field: string;
  readonly model: string | undefined;
  readonly truncate: boolean;
  /** Whether vectors are scaled to length 1. @default as the model's directory says */
  readonly normalize?: boolean | undefined;
}

/**
 * The way of every embedding request: choose the model, check, split into tokens, run.
 * @throws {RequestProblem|InferometerError} for what is wrong with the request
 */
export async function embedInputs(
  context: RouteContext,
  request: Request,
  value: unknown,
  options: EmbedOptions,
): Promise<EmbeddedInputs> {
  const trace = traceOf(request);
  const call = callOptions(request);
  const model = context.registry.embedding(options.model);
  if (trace) trace.model = model.name;
  const inputs = inputsOf(value, options.field, context.limits);
  trace?.enter('preprocess');
  const texts = await encodeInputs(inputs, model, { ...options, turns: context.turns });
  const vectors = await model.embed(texts, {
    ...call,
    normalize: options.normalize,
    cache: cacheModeOf(request),
    onCache: (summary) => tellCache(request.res, summary),
  });
  // Batches answer many requests at once: their JSON is written in turns too.
  await context.turns.next();
  return { model: model.name, vectors, tokens: texts.reduce((sum, text) => sum + text.ids.length, 0) };
}
