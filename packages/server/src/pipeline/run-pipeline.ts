import type { InferometerError } from '@inferometer/core';
import {
  type CallOptions,
  checkTensors,
  type EmbeddingModel,
  type HookName,
  hookError,
  hookFailure,
  type Model,
  type Tensors,
} from '@inferometer/engine';
import type { Request } from 'express';
import { encodeInputs, inputsOf } from '../http/inputs.ts';
import { RequestProblem } from '../http/problem.ts';
import type { Turns } from '../http/turns.ts';
import type { ModelInput, Pipeline, PipelineContext } from './pipeline.ts';
import { issueField } from './standard-schema.ts';

export interface PipelineCall {
  readonly body: unknown;
  readonly request: Request;
  /** Of the request: its trace gets the phases. */
  readonly options: CallOptions;
  readonly turns: Turns;
  /** Texts of one request, at most. */
  readonly maxInputs: number;
}

/**
 * The answer to one request: its body checked, through the hooks and the model between them, each where it belongs.
 * @throws {RequestProblem|InferometerError} INVALID_INPUT if schema, hook or model refuse the body; RUN_FAILED with the
 * hook's name for other errors of it
 */
export async function runPipeline(pipeline: Pipeline, model: Model, call: PipelineCall): Promise<unknown> {
  const { request, options } = call;
  const { trace } = options;
  const context: PipelineContext = { inputs: model.inputs, outputs: model.outputs, model, request };
  trace?.enter('preprocess');
  const body = await checkedBody(pipeline, call.body);
  const { preprocess, postprocess } = pipeline;
  const input = preprocess
    ? await runHook('preprocess', () => preprocess(body, context))
    : (body as ModelInput);
  const outputs =
    model.hooks.length > 0
      ? await model.runPipeline<Tensors>(input, options)
      : await runModel(model, input, call, preprocess !== undefined);
  if (!postprocess) return outputs;
  trace?.enter('postprocess');
  return runHook('postprocess', () => postprocess(outputs, { ...context, body, input: body }));
}

async function checkedBody({ input: schema }: Pipeline, body: unknown): Promise<unknown> {
  if (!schema) return body;
  const result = await schema['~standard'].validate(body);
  const issue = result.issues?.[0];
  if (issue) throw new RequestProblem(400, 'invalid_value', issue.message, issueField(issue));
  return (result as { readonly value: unknown }).value;
}

async function runHook<T>(hook: HookName, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw hookError(hookFailure(hook, error), error);
  }
}

async function runModel(
  model: Model,
  input: ModelInput,
  call: PipelineCall,
  isMade: boolean,
): Promise<Tensors> {
  if (typeof input === 'string' || Array.isArray(input)) {
    if (model.kind !== 'embedding') throw notTensors(input, isMade);
    return embedTexts(model, input as string | readonly string[], call);
  }
  if (typeof input !== 'object' || input === null) throw notTensors(input, isMade);
  const tensors = input as Tensors;
  // What a hook made is not the caller's fault; a body that goes to the model as it is, is.
  if (isMade) {
    await runHook('preprocess', () => {
      try {
        checkTensors(tensors, model.inputs, { allowNonFinite: true });
      } catch (error) {
        const { field, message } = error as InferometerError;
        throw new Error(`what it made does not fit the model: ${field}: ${message}`);
      }
    });
  }
  return model.infer(tensors, { ...call.options, allowNonFinite: isMade });
}

function notTensors(input: unknown, isMade: boolean): InferometerError {
  const got = Array.isArray(input) ? 'an array' : typeof input;
  const message = `expected tensors by name, got ${got}`;
  return hookError({ hook: 'preprocess', message, invalidInput: !isMade });
}

async function embedTexts(
  model: EmbeddingModel,
  input: string | readonly string[],
  { turns, maxInputs, options }: PipelineCall,
): Promise<Tensors> {
  const texts = inputsOf(input, 'body', { maxInputs });
  const encoded = await encodeInputs(texts, model, { field: 'body', truncate: true, turns });
  const vectors = await model.embed(encoded, options);
  const width = model.dimensions;
  const data = new Float32Array(vectors.length * width);
  vectors.forEach((vector, row) => {
    data.set(vector, row * width);
  });
  return { embedding: { type: 'float32', dims: [vectors.length, width], data } };
}
