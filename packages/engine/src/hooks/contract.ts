import type { TensorInfo } from '../executor/protocol.ts';
import type { Tensors } from '../tensor/types.ts';

export type { TensorInfo } from '../executor/protocol.ts';
export { type TensorData, type Tensors, type TypedArray, tensorArrays } from '../tensor/types.ts';

/**
 * The contract between a model and the functions around it.
 *
 * Hooks are ordinary functions, or the exports `preprocess` and `postprocess` of a module that executors load beside
 * the session (`loadModel(…, { hooks: new URL('./hooks.js', import.meta.url) })`, then `model.runPipeline(input)`).
 * There, input and result travel by structured clone: Buffers arrive as Uint8Array. Requests that run at the same time
 * share a model run where the model allows it; an error of one request's hook fails that request alone.
 */

/** What a hook may know of its model. */
export interface HookContext {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** Functions around a model; either may be absent or asynchronous. */
export interface PipelineHooks<In = unknown, Out = unknown> {
  /**
   * The model's inputs for one request. Where the first dimension is the batch, usually one row; the result of several
   * rows stays together. Without it the input itself is taken to be the tensors.
   * @throws {InvalidInput} if the request is at fault; anything else counts as a fault of the hook
   */
  preprocess?(input: In, context: HookContext): Tensors | Promise<Tensors>;
  /** The answer to the request, of its own rows of the outputs. Without it the outputs themselves are the answer. */
  postprocess?(outputs: Tensors, context: HookContext & { readonly input: In }): Out | Promise<Out>;
}

export type HookName = 'preprocess' | 'postprocess';

/**
 * Thrown by a hook for input that the caller has to change: answered with 400 and the message. Any error with
 * `code: 'INVALID_INPUT'` counts as one, so that a hook module need not import anything.
 */
export class InvalidInput extends Error {
  readonly code = 'INVALID_INPUT';
  /** The field of the input at fault. */
  readonly field: string | undefined;

  constructor(message: string, options: { readonly field?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InvalidInput';
    this.field = options.field;
  }
}

/** An error of a hook in a form that travels between processes. */
export interface HookFailure {
  readonly hook: HookName;
  readonly message: string;
  /** Whether the input is at fault, and not the hook. */
  readonly invalidInput: boolean;
  readonly field?: string;
}

/** What a hook threw, ready to travel. */
export function hookFailure(hook: HookName, error: unknown): HookFailure {
  const { code, field } = (typeof error === 'object' && error !== null ? error : {}) as Partial<InvalidInput>;
  return {
    hook,
    message: error instanceof Error ? error.message : String(error),
    invalidInput: code === 'INVALID_INPUT',
    ...(typeof field === 'string' ? { field } : {}),
  };
}
