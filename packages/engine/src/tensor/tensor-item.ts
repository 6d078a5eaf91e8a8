import type { MonoMs, RequestTrace, Telemetry } from '@inferometer/core';
import type { Retryable } from '../batching/after-crash.ts';
import type { DispatchReason } from '../batching/policy.ts';
import type { RunCostModel } from '../batching/run-cost.ts';
import type { BatchPlace } from '../batching/run-in-executor.ts';
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
export interface LeavingBatch extends BatchPlace<TensorItem> {
  readonly model: string;
  readonly telemetry: Telemetry;
  readonly reason: DispatchReason;
  readonly dispatched: MonoMs;
  /** Learns from the run. */
  readonly costs: RunCostModel;
}
