import type { MonoMs, RequestTrace, Telemetry } from '@inferometer/core';
import type { Retryable } from '../batching/after-crash.ts';
import type { DispatchReason } from '../batching/policy.ts';
import type { RunCostModel } from '../batching/run-cost.ts';
import type { Lease } from '../executor/pool.ts';
import type { Tensors } from './types.ts';

/** A request on its way to a run: its rows stay together, and are what its tokens count. */
export interface TensorItemBase extends Retryable {
  readonly trace: RequestTrace | undefined;
  readonly group?: string | undefined;
}

/** A request of named tensors. */
export interface InferItem extends TensorItemBase {
  readonly kind: 'infer';
  readonly tensors: Tensors;
  readonly outputs: readonly string[];
  readonly resolve: (outputs: Tensors) => void;
}

/** A request for hooks. */
export interface PipelineItem extends TensorItemBase {
  readonly kind: 'pipeline';
  /** As `serialize` of node:v8 writes it. */
  readonly input: Uint8Array;
  readonly resolve: (answer: unknown) => void;
}

export type TensorItem = InferItem | PipelineItem;

export function isInferItem(item: TensorItem): item is InferItem {
  return item.kind === 'infer';
}

/** A batch that leaves, and on what. */
export interface LeavingBatch {
  readonly model: string;
  readonly telemetry: Telemetry;
  readonly lease: Lease;
  readonly reason: DispatchReason;
  readonly dispatched: MonoMs;
  /** Learns from the run. */
  readonly costs: RunCostModel;
  /** Told once when the executor is done with it, before its place is given back. */
  readonly over: () => void;
  /** Takes items that may be run once more. */
  readonly retry: (items: readonly TensorItem[]) => void;
}

/** When a batch was handed to its executor and its reply was there: between them and its work its tensors travel. */
export interface TravelTimes {
  readonly sent: MonoMs;
  readonly received: MonoMs;
}
