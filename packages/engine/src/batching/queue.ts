import { InferometerError, type ItemTimes, type MonoMs, monoNow, type RequestTrace } from '@inferometer/core';
import { type BatchLimits, type DispatchReason, decideBatch } from './policy.ts';

/** One input of a request, on its way to a batch. */
export interface BatchItem {
  /** Token ids, shape [tokens]. */
  readonly ids: Int32Array;
  readonly tokens: number;
  readonly enqueued: MonoMs;
  readonly trace: RequestTrace | undefined;
  readonly resolve: (result: ItemResult) => void;
  readonly reject: (error: Error) => void;
}

export interface ItemResult {
  /** Shape [dimensions]. */
  readonly vector: Float32Array;
  readonly times: ItemTimes;
}

export interface BatchQueueOptions extends BatchLimits {
  /** Items that may wait, at most. */
  readonly capacity: number;
  /** Batches that run now. */
  readonly running: () => number;
  /**
   * Runs a batch on a free executor.
   * @returns false when there is none
   */
  readonly dispatch: (items: readonly BatchItem[], reason: DispatchReason, dispatched: MonoMs) => boolean;
  readonly hasFree: () => boolean;
}

/** Items that wait for an executor, first come first served up to likeness of length. */
export interface BatchQueue {
  readonly depth: number;
  readonly capacity: number;
  /**
   * @throws {InferometerError} OVERLOADED if they do not all fit
   */
  add(items: readonly BatchItem[]): void;
  /** Takes out those of a request that nobody waits for any more. */
  remove(items: ReadonlySet<BatchItem>): void;
  /** Lets batches leave; called when an executor comes free. */
  pump(): void;
  /** Lets all that waits leave without waiting for more. */
  drain(): void;
}

export function createBatchQueue(options: BatchQueueOptions): BatchQueue {
  let waiting: BatchItem[] = [];
  let timer: NodeJS.Timeout | undefined;
  let draining = false;

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && options.hasFree()) {
      const now = monoNow();
      const decision = decideBatch(waiting, options, { now, running: options.running(), draining });
      if (!decision.leave) {
        timer = setTimeout(pump, decision.waitMs);
        return;
      }
      const taken = new Set(decision.take);
      const items = decision.take.map((index) => waiting[index] as BatchItem);
      const rest = waiting.filter((_, index) => !taken.has(index));
      if (!options.dispatch(items, decision.reason, now)) return;
      waiting = rest;
    }
  };

  return {
    get depth() {
      return waiting.length;
    },
    capacity: options.capacity,
    add(items) {
      if (waiting.length + items.length > options.capacity) {
        const message = `the queue is full: ${waiting.length} of ${options.capacity} items wait, ${items.length} more do not fit`;
        throw new InferometerError('OVERLOADED', message);
      }
      waiting.push(...items);
      pump();
    },
    remove(items) {
      waiting = waiting.filter((item) => !items.has(item));
    },
    pump,
    drain() {
      draining = true;
      pump();
    },
  };
}
