import type { MonoMs } from '@inferometer/core';
import type { HookFailure, HookName } from '../hooks/contract.ts';
import type { PoolingMode } from '../model/pooling-config.ts';
import type { Tensors } from '../tensor/types.ts';

/** Messages between the main process and an executor; structured clones, so typed arrays travel as bytes. */

export interface TensorInfo {
  readonly name: string;
  /** Element type, such as `int64` or `float32`. */
  readonly type: string;
  /** Number, or the name of a dimension that varies. */
  readonly shape: readonly (number | string)[];
}

export interface LoadRequest {
  readonly type: 'load';
  readonly graph: string;
  /** Threads within one operator. */
  readonly threads: number;
  /** How token vectors become one; several stand beside each other. */
  readonly pooling: readonly PoolingMode[];
  readonly eosTokenIds: readonly number[];
  /** Whether it is fed with tensors alone, and need not be one that texts can be fed to. */
  readonly tensorsOnly?: boolean;
  /** Module with `preprocess` and `postprocess`, a URL. */
  readonly hooks?: string;
  /** Where it counts what it does; absent where nothing can be written. */
  readonly metrics?: {
    readonly path: string;
    readonly model: string;
    readonly executor: number;
  };
}

/** A padded batch of token ids. */
export interface EmbedRequest {
  readonly type: 'embed';
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
  /** Shape [rows, columns], row major, padded on the right. */
  readonly ids: Int32Array;
  /** Tokens of each row, shape [rows]. */
  readonly lengths: Int32Array;
}

/** How tokens are drawn. */
export interface Sampling {
  readonly maxTokens: number;
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** 0 for no limit. */
  readonly topK: number;
  /** 1 for no limit. */
  readonly topP: number;
  /** 32-bit seed of the draw. */
  readonly seed: number;
}

export interface GenerateRequest {
  readonly type: 'generate';
  readonly id: number;
  readonly prompt: Int32Array;
  readonly sampling: Sampling;
}

/** Requests that run together: their tensors differ in nothing but the rows. */
export interface InferRequest {
  readonly type: 'infer';
  readonly id: number;
  /** Shape [requests]. */
  readonly items: readonly Tensors[];
  /** Outputs that are wanted. */
  readonly outputs: readonly string[];
}

/** Requests for the hooks that the executor has loaded. */
export interface PipelineRequest {
  readonly type: 'pipeline';
  readonly id: number;
  /** Each as `serialize` of node:v8 writes it: one that cannot travel fails alone. Shape [requests]. */
  readonly inputs: readonly Uint8Array[];
  /** Whether rows of several may share a run. */
  readonly joins: boolean;
}

export interface CancelRequest {
  readonly type: 'cancel';
  readonly id: number;
}

/** Ends a thread once its run is over; a process ends when it is disconnected. */
export interface CloseRequest {
  readonly type: 'close';
}

export type ExecutorRequest =
  | LoadRequest
  | EmbedRequest
  | GenerateRequest
  | InferRequest
  | PipelineRequest
  | CancelRequest
  | CloseRequest;

export interface LoadedReply {
  readonly type: 'loaded';
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Hooks that its module has. */
  readonly hooks?: readonly HookName[];
}

export interface EmbeddedReply {
  readonly type: 'embedded';
  readonly id: number;
  /** Shape [rows, dimensions], row major. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
  /** When the output had been pooled and the reply was sent. */
  readonly replied: MonoMs;
}

/** When a step of a generation ran, and when its token had been drawn from the run's output. */
export interface StepTimes {
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
  readonly drawn: MonoMs;
}

export interface TokenReply {
  readonly type: 'token';
  readonly id: number;
  readonly token: number;
  readonly times: StepTimes;
}

export type FinishReason = 'stop' | 'length' | 'cancelled';

export interface GeneratedReply {
  readonly type: 'generated';
  readonly id: number;
  readonly reason: FinishReason;
  /** The last step, where it gave no token of the text (an end-of-text token). */
  readonly times?: StepTimes;
}

/** A request that the model could not run. */
export interface RunFailure {
  readonly runFailed: true;
  readonly message: string;
  /** Whether its tensors are at fault. */
  readonly invalidInput: boolean;
}

export interface InferredReply {
  readonly type: 'inferred';
  readonly id: number;
  /** Shape [requests]. */
  readonly results: readonly (Tensors | RunFailure)[];
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
}

/** A model run of the requests of a pipeline. */
export interface PipelineRun {
  readonly rows: number;
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
}

export interface PipelineResult {
  /** Of `serialize`; or what failed. */
  readonly answer: Uint8Array | HookFailure | RunFailure;
  readonly preprocessStart: MonoMs;
  readonly preprocessEnd: MonoMs;
  /** Which of the runs it was in; absent if it was in none. */
  readonly run?: number;
}

export interface PipelinedReply {
  readonly type: 'pipelined';
  readonly id: number;
  /** Shape [requests]. */
  readonly results: readonly PipelineResult[];
  readonly runs: readonly PipelineRun[];
}

export interface FailedReply {
  readonly type: 'failed';
  /** The work it belongs to; absent when the load failed. */
  readonly id?: number;
  readonly message: string;
}

export type ExecutorReply =
  | LoadedReply
  | EmbeddedReply
  | TokenReply
  | GeneratedReply
  | InferredReply
  | PipelinedReply
  | FailedReply;
