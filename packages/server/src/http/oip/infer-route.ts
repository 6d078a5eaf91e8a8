import { type MonoMs, monoNow } from '@inferometer/core';
import type { CallOptions, Priority } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';
import { callOptions } from '../call-options.ts';
import type { BodyPriorities } from '../path-work.ts';
import type { Turns } from '../turns.ts';
import { findModel } from './find-model.ts';
import { readInferRequest } from './read-request.ts';
import type { RequestParameters } from './schema.ts';
import { sendInferAnswer } from './write-response.ts';

export interface InferContext {
  readonly registry: ModelRegistry;
  readonly turns: Turns;
  readonly bodyPriorities: BodyPriorities;
}

/** `POST /v2/models/{model}/infer` on a body that has been read. */
export function inferRoute({ registry, turns, bodyPriorities }: InferContext): RequestHandler {
  return async (request, response) => {
    const arrived = monoNow();
    const trace = traceOf(request);
    const { model, name, version } = findModel(registry, request);
    if (trace) trace.model = model.name;
    trace?.enter('preprocess');
    await turns.next();
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const call = readInferRequest(body, request.get('inference-header-content-length'), model);
    if (call.parameters.priority) bodyPriorities.areUsed = true;
    const outputs = await model.infer(call.tensors, {
      ...withParameters(callOptions(request), call.parameters, arrived),
      outputs: call.outputs,
      allowNonFinite: call.parameters.allow_non_finite,
    });
    // Batches answer many requests at once: their answers are written in turns.
    await turns.next();
    sendInferAnswer(response, {
      model: name,
      version,
      id: call.id,
      outputs,
      isBinary: call.isBinary,
    });
  };
}

/** What the body says of urgency goes before what the headers say; of two deadlines the earlier one holds. */
function withParameters(
  call: CallOptions,
  { timeout, priority }: RequestParameters,
  arrived: MonoMs,
): CallOptions {
  const deadlines = [call.deadline, timeout ? arrived + timeout / 1000 : undefined].filter(
    (at) => at !== undefined,
  );
  return {
    ...call,
    ...(deadlines.length > 0 ? { deadline: Math.min(...deadlines) as MonoMs } : {}),
    ...(priority ? { priority: priorityOf(priority) } : {}),
  };
}

/** Triton's levels begin with the most urgent, 1, and have no end. */
function priorityOf(level: number): Priority {
  return level === 1 ? 'high' : level === 2 ? 'normal' : 'low';
}
