import { InferometerError, type MonoMs, monoNow } from '@inferometer/core';
import type { DispatchReason } from '../batching/policy.ts';

/** A request on its way to a run: its rows stay together. */
export interface RowItem {
  /** Integer >= 1. */
  readonly rows: number;
  /** Requests of one group may share a run; undefined for one that runs alone. */
  readonly group: string | undefined;
  readonly enqueued: MonoMs;
  readonly deadline: MonoMs | undefined;
  readonly reject: (error: Error) => void;
}

export interface RowQueueOptions<I extends RowItem> {
  /** Rows of one run; a single request may have more. */
  readonly maxBatchSize: number;
  /** Longest wait of the oldest item while an executor is free and another one runs, ms. */
  readonly maxWaitMs: number;
  /** Requests that may wait. */
  readonly capacity: number;
  readonly running: () => number;
  /** Runs a batch on a free executor. @returns false when there is none */
  readonly dispatch: (items: readonly I[], reason: DispatchReason, dispatched: MonoMs) => boolean;
}

/** Requests that wait for an executor: the oldest leaves first, and with it those behind it of its group. */
export interface RowQueue<I extends RowItem> {
  readonly depth: number;
  readonly capacity: number;
  /** @throws {InferometerError} OVERLOADED if it is full */
  add(item: I): void;
  remove(item: I): void;
  pump(): void;
  drain(): void;
}

export function createRowQueue<I extends RowItem>(options: RowQueueOptions<I>): RowQueue<I> {
  let waiting: I[] = [];
  let timer: NodeJS.Timeout | undefined;
  let draining = false;

  const dropDead = (now: MonoMs): void => {
    const isDead = ({ deadline }: I): boolean => deadline !== undefined && deadline <= now;
    if (!waiting.some(isDead)) return;
    const dead = waiting.filter(isDead);
    waiting = waiting.filter((item) => !isDead(item));
    for (const item of dead)
      item.reject(new InferometerError('CANCELLED', 'the deadline passed while the request was queued'));
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    dropDead(monoNow());
    for (let oldest = waiting[0]; oldest; oldest = waiting[0]) {
      const now = monoNow();
      const { items, full } = fill(waiting, options.maxBatchSize);
      const waited = now - oldest.enqueued;
      const idle = options.running() === 0;
      if (!full && !draining && !idle && waited < options.maxWaitMs) {
        timer = setTimeout(pump, options.maxWaitMs - waited);
        return;
      }
      const reason = full ? 'full' : draining ? 'drain' : idle ? 'idle' : 'waited';
      if (!options.dispatch(items, reason, now)) return;
      const left = new Set(items);
      waiting = waiting.filter((item) => !left.has(item));
    }
  };

  return {
    get depth() {
      return waiting.length;
    },
    capacity: options.capacity,
    add(item) {
      if (waiting.length >= options.capacity) {
        const message = `the queue is full: ${waiting.length} of ${options.capacity} requests wait`;
        throw new InferometerError('OVERLOADED', message);
      }
      waiting.push(item);
      pump();
    },
    remove(item) {
      waiting = waiting.filter((other) => other !== item);
    },
    pump,
    drain() {
      draining = true;
      pump();
    },
  };
}

/** The oldest item and those of its group, in their order, as far as the rows go. Pure. */
export function fill<I extends Pick<RowItem, 'rows' | 'group'>>(
  waiting: readonly I[],
  maxRows: number,
): { readonly items: readonly I[]; readonly full: boolean } {
  const oldest = waiting[0] as I;
  const items = [oldest];
  let { rows } = oldest;
  // Nobody may join one that runs alone: waiting would gain nothing.
  if (oldest.group === undefined) return { items, full: true };
  for (let i = 1; i < waiting.length && rows < maxRows; i++) {
    const item = waiting[i] as I;
    if (item.group !== oldest.group) continue;
    if (rows + item.rows > maxRows) return { items, full: true };
    items.push(item);
    rows += item.rows;
  }
  return { items, full: rows >= maxRows };
}
