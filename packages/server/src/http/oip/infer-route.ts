import { monoNow } from '@inferometer/core';
import type { Priority } from '@inferometer/engine';
import { goneSignal, traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import type { ModelRegistry } from '../../models/registry.ts';
import type { Turns } from '../turns.ts';
import { findModel, nameOf, versionOf } from './find-model.ts';
import { readInferRequest } from './read-request.ts';
import { sendInferAnswer } from './write-response.ts';

export interface InferContext {
  readonly registry: ModelRegistry;
  readonly turns: Turns;
}

/** `POST /v2/models/{model}/infer` on a body that has been read. */
export function inferRoute({ registry, turns }: InferContext): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const model = findModel(registry, request);
    if (trace) trace.model = model.name;
    trace?.enter('preprocess');
    await turns.next();
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const call = readInferRequest(body, request.get('inference-header-content-length'), model);
    const { timeout, priority, allow_non_finite: allowNonFinite } = call.parameters;
    const outputs = await model.infer(call.tensors, {
      trace,
      signal: goneSignal(request),
      outputs: call.outputs,
      allowNonFinite,
      ...(timeout ? { deadline: (monoNow() + timeout / 1000) as ReturnType<typeof monoNow> } : {}),
      ...(priority ? { priority: priorityOf(priority) } : {}),
      ...(trace?.tenant ? { tenant: trace.tenant } : {}),
    });
    // Batches answer many requests at once: their answers are written in turns.
    await turns.next();
    sendInferAnswer(response, {
      model: nameOf(model),
      version: versionOf(model),
      id: call.id,
      outputs,
      isBinary: call.isBinary,
    });
  };
}

/** Triton's levels begin with the most urgent, 1, and have no end. */
function priorityOf(level: number): Priority {
  return level === 1 ? 'high' : level === 2 ? 'normal' : 'low';
}
