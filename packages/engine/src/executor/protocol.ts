import type { MonoMs } from '@inferometer/core';
import type { PoolingMode } from '../model/pooling-config.ts';

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
  /** Where an optimised form of the graph may be kept; absent where none is. */
  readonly optimised?: string;
  /** Threads within one operator. */
  readonly threads: number;
  /** How token vectors become one; several stand beside each other. */
  readonly pooling: readonly PoolingMode[];
  readonly eosTokenIds: readonly number[];
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

export interface CancelRequest {
  readonly type: 'cancel';
  readonly id: number;
}

export type ExecutorRequest = LoadRequest | EmbedRequest | GenerateRequest | CancelRequest;

/** How long an executor took until its model was open. */
export interface LoadTimes {
  /** Its runtime was up. */
  readonly booted: MonoMs;
  /** Its modules were loaded, and the model about to be. */
  readonly imported: MonoMs;
  /** The model was open. */
  readonly opened: MonoMs;
  /** Reading and parsing the graph. */
  readonly readMs: number;
  /** Optimising the graph, and what onnxruntime does in the same step; 0 for one that came optimised. */
  readonly optimiseMs: number;
  /** Whether the graph came optimised from the cache. */
  readonly fromCache: boolean;
}

export interface LoadedReply {
  readonly type: 'loaded';
  readonly times: LoadTimes;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export interface EmbeddedReply {
  readonly type: 'embedded';
  readonly id: number;
  /** Shape [rows, dimensions], row major. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
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

export interface FailedReply {
  readonly type: 'failed';
  /** The work it belongs to; absent when the load failed. */
  readonly id?: number;
  readonly message: string;
}

export type ExecutorReply = LoadedReply | EmbeddedReply | TokenReply | GeneratedReply | FailedReply;
