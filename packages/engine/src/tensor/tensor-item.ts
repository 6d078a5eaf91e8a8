import type { MonoMs, RequestTrace, Telemetry } from '@inferometer/core';
import type { DispatchReason } from '../batching/policy.ts';
import type { Lease } from '../executor/pool.ts';
import type { RowItem } from './row-queue.ts';
import type { Tensors } from './types.ts';

interface TracedItem extends RowItem {
  readonly trace: RequestTrace | undefined;
}

/** A request of named tensors. */
export interface InferItem extends TracedItem {
  readonly kind: 'infer';
  readonly tensors: Tensors;
  readonly outputs: readonly string[];
  readonly resolve: (outputs: Tensors) => void;
}

/** A request for hooks. */
export interface PipelineItem extends TracedItem {
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
}
