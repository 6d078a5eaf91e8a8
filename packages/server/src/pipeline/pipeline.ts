import type { HookContext, Model, ModelOptions, Tensors } from '@inferometer/engine';
import type { Request } from 'express';
import type { StandardSchema } from './standard-schema.ts';

/** What hooks of the server may know. */
export interface PipelineContext extends HookContext {
  /** The loaded model; models of texts have their tokenizer in it. */
  readonly model: Model;
  /** For headers and the query. */
  readonly request: Request;
}

/** What a model is run on: tensors by the names of its inputs, or texts of a model that embeds. */
export type ModelInput = Tensors | string | readonly string[];

type MaybePromise<T> = T | Promise<T>;

export interface PipelineOptions<In, Out> {
  /** A model's directory, or its .onnx file. */
  readonly model: string;
  /** Name in metrics, spans and the other APIs, 1 to 100 of letters, digits and `. _ : / -`. @default the path */
  readonly name?: string;
  /** How the model is run. @default as the server's other models */
  readonly options?: ModelOptions;
  /** Checks the body before anything else: a zod schema, or any other Standard Schema. @default takes all bodies */
  readonly input?: StandardSchema<In>;
  /**
   * Makes the model's input of a request's body: what JSON says, a string of text types, a Buffer of all others.
   * Without it the body is the input.
   */
  readonly preprocess?: (body: In, context: PipelineContext) => MaybePromise<ModelInput>;
  /** Makes the answer of the model's outputs; those of texts are `embedding`, shape [texts, dimensions]. */
  readonly postprocess?: (
    outputs: Tensors,
    context: PipelineContext & { readonly body: In; readonly input: In },
  ) => MaybePromise<Out>;
  /** Module whose exports `preprocess` and `postprocess` run in the executor, beside the model: for what computes. */
  readonly inExecutor?: URL;
}

/** A model with functions around it, to be served under a path. */
export type Pipeline<In = unknown, Out = unknown> = PipelineOptions<In, Out>;

/**
 * Puts functions around a model.
 * @throws {TypeError|RangeError} for an option that cannot be followed
 */
export function pipeline<In = unknown, Out = unknown>(options: PipelineOptions<In, Out>): Pipeline<In, Out> {
  if (typeof options.model !== 'string' || options.model === '')
    throw new RangeError(`model must name a directory or an .onnx file, got ${String(options.model)}`);
  for (const name of ['preprocess', 'postprocess'] as const) {
    const hook: unknown = options[name];
    if (hook !== undefined && typeof hook !== 'function')
      throw new TypeError(`${name} must be a function, got ${typeof hook}`);
  }
  if (options.inExecutor !== undefined && !(options.inExecutor instanceof URL))
    throw new TypeError('inExecutor must be a URL, such as new URL("./hooks.js", import.meta.url)');
  return options;
}
