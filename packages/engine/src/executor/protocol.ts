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
  /** Where an optimised form of the graph may be kept; absent where none is. */
  readonly optimised?: string;
  /** Where it is to run: `cpu` or `cuda:N`. */
  readonly device: string;
  /** Whether it may run on the CPU where the device turns out to have no kernels for it. */
  readonly fallsBack: boolean;
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

/** How tokens are drawn, and when to stop. `checkSampling` holds the ranges. */
export interface Sampling {
  /** Tokens at most, integer >= 1. */
  readonly maxTokens: number;
  /** In [0, 2]; 0 takes the most likely token. */
  readonly temperature: number;
  /** The so many most likely, integer >= 0; 0 for no limit. */
  readonly topK: number;
  /** The most likely that together reach this probability, in (0, 1]; 1 for no limit. */
  readonly topP: number;
  /** 32-bit seed of the draw. */
  readonly seed: number;
  /** Those at least so likely, as a share of the most likely one, in [0, 1]. @default 0 */
  readonly minP?: number;
  /** Divides what speaks for tokens of the prompt and the text so far, in (0, 10]; 1 for none. @default 1 */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logit of each token of the text so far, in [-2, 2]. @default 0 */
  readonly presencePenalty?: number;
  /** Subtracted as often as the text so far has the token, in [-2, 2]. @default 0 */
  readonly frequencyPenalty?: number;
  /** Added to the logits of tokens: [id, bias], bias in [-100, 100]. @default none */
  readonly logitBias?: readonly (readonly [id: number, bias: number])[];
  /** Tokens that end the text, beside the model's own. @default none */
  readonly stopTokenIds?: readonly number[];
  /** Whether the model's own end token is left unheeded. @default false */
  readonly ignoreEos?: boolean;
  /** Tokens before any may end the text, integer >= 0. @default 0 */
  readonly minTokens?: number;
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

/** A generation whose reader does not keep up rests until it does. */
export interface RestRequest {
  readonly type: 'rest';
  readonly id: number;
  readonly resting: boolean;
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
  | RestRequest
  | CloseRequest;

/** How long an executor took until its model was open. */
export interface LoadTimes {
  /** Its runtime was up. */
  readonly booted: MonoMs;
  /** Its modules were loaded, and the model about to be. */
  readonly imported: MonoMs;
  /** The model was open. */
  readonly opened: MonoMs;
  /** Hooks were loaded, and it was tried out what the model can do. */
  readonly prepared: MonoMs;
  /** Reading and parsing the graph. */
  readonly readMs: number;
  /** Optimising the graph, and what onnxruntime does in the same step; 0 for one that came optimised. */
  readonly optimiseMs: number;
  /** Whether the graph came optimised from the cache. */
  readonly fromCache: boolean;
}

export interface LoadedReply {
  readonly type: 'loaded';
  /** Where its session was opened, such as `cpu` or `cuda:0`. */
  readonly device: string;
  readonly times: LoadTimes;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Hooks that its module has. */
  readonly hooks?: readonly HookName[];
  /** Whether generations share model runs; of decoders only. */
  readonly together?: boolean;
}

/** When the model ran, and what that took. */
export interface RunSpan {
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
  /** CPU that the executor took in it, ms: of all threads of a process, of a thread its own alone. */
  readonly cpuMs: number;
  /** Where it was, such as `cpu` or `cuda:0`. */
  readonly device: string;
}

export interface EmbeddedReply extends RunSpan {
  readonly type: 'embedded';
  readonly id: number;
  /** Shape [rows, dimensions], row major. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
  /** When the output had been pooled and the reply was sent. */
  readonly replied: MonoMs;
}

/** When a model run of generations was, and when their tokens had been drawn from its output. */
export interface StepTimes extends RunSpan {
  readonly drawn: MonoMs;
}

export type FinishReason = 'stop' | 'length' | 'cancelled';

/** One generation in a model run. */
export interface SteppedRow {
  readonly id: number;
  /** The next token of its text; absent where the run took a piece of its prompt, or ended its text. */
  readonly token?: number;
  /** Its text is over. */
  readonly end?: 'stop' | 'length';
}

/** A model run that took generations a step further. */
export interface SteppedReply {
  readonly type: 'stepped';
  /** Of a prompt, or of the token after. */
  readonly phase: 'prefill' | 'decode';
  readonly rows: readonly SteppedRow[];
  /** Tokens fed to each row. */
  readonly fresh: number;
  /** Padding over all of the past that the run read, in [0, 1). */
  readonly paddingRatio: number;
  readonly times: StepTimes;
}

/** A cancelled generation has let go of its place. */
export interface CancelledReply {
  readonly type: 'cancelled';
  readonly id: number;
}

/** A request that the model could not run. */
export interface RunFailure {
  readonly runFailed: true;
  readonly message: string;
  /** Whether its tensors are at fault. */
  readonly invalidInput: boolean;
}

export interface InferredReply extends RunSpan {
  readonly type: 'inferred';
  readonly id: number;
  /** Shape [requests]. */
  readonly results: readonly (Tensors | RunFailure)[];
  /** When the outputs left. */
  readonly replied: MonoMs;
}

/** A model run of the requests of a pipeline. */
export interface PipelineRun extends RunSpan {
  readonly rows: number;
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
  /** When the answers left. */
  readonly replied: MonoMs;
}

export interface FailedReply {
  readonly type: 'failed';
  /** The work it belongs to; absent when the load failed. */
  readonly id?: number;
  /** Whether it was the device's fault that the load failed. */
  readonly deviceUnavailable?: boolean;
  readonly message: string;
}

export type ExecutorReply =
  | LoadedReply
  | EmbeddedReply
  | SteppedReply
  | CancelledReply
  | InferredReply
  | PipelinedReply
  | FailedReply;
