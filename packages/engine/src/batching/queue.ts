import { InferometerError, type MonoMs, monoNow } from '@inferometer/core';
import { createDoor, type Door, overloaded } from '../admission/door.ts';
import { createBacklogEstimate } from '../admission/estimate.ts';
import type { AdmissionLimits } from '../admission/refusal.ts';
import { expired } from '../deadline.ts';
import type { ExecutorPool } from '../executor/pool.ts';
import { createFairOrder, type TenantWeights } from './fair-order.ts';
import { type BatchLimits, candidateWindow, type DispatchReason, decideBatch } from './policy.ts';
import type { RunCostModel } from './run-cost.ts';
import { runShape } from './run-shape.ts';
import { createWaitingList, type Placed } from './waiting-list.ts';

/** One piece of work on its way to a batch, of whatever kind. */
export interface QueueItem extends Placed {
  readonly enqueued: MonoMs;
  /** Set when it is added. */
  rank: number;
  place: number;
  /** Time that it was expected to wait, ms; set when it is added. */
  estimatedMs: number;
  readonly reject: (error: Error) => void;
}

/** What the queue fills in of an item that is added. */
export const unplaced = { rank: 0, place: 0, estimatedMs: 0 } as const;

/** What is known of a call before it is let in. */
export interface QueueCall {
  readonly rank: number;
  readonly tenant: string;
  /** Infinite for none. */
  readonly deadline: number;
}

export interface BatchQueueOptions<I extends QueueItem> extends BatchLimits, AdmissionLimits {
  readonly costs: RunCostModel;
  readonly tenantWeights?: TenantWeights;
  /** Longest wait behind more urgent work and other tenants, ms. */
  readonly maxPassOverMs: number;
  readonly pool: Pick<ExecutorPool, 'busy' | 'up' | 'hasFree'>;
  /**
   * Runs a batch on a free executor.
   * @param done to be called once when its run is over
   * @returns false when there is none
   */
  readonly dispatch: (
    items: readonly I[],
    reason: DispatchReason,
    dispatched: MonoMs,
    done: () => void,
  ) => boolean;
}

/** Items that wait for an executor: by priority, fairly among tenants, first come first served within each. */
export interface BatchQueue<I extends QueueItem> {
  readonly depth: number;
  readonly capacity: number;
  /** Whether a call would be let in now: see `Door`. */
  refusal: Door['refusal'];
  /**
   * @throws {InferometerError} OVERLOADED or DEADLINE_EXCEEDED if the call is not let in
   */
  add(items: readonly I[], call: QueueCall): void;
  /** Puts items back in front, each for a batch of its own: those of a crashed executor. */
  putBack(items: readonly I[]): void;
  /** Takes out those of a call that nobody waits for any more. */
  remove(items: ReadonlySet<I>): void;
  /** Lets batches leave; called when an executor comes free. */
  pump(): void;
  /** Lets all that waits leave without waiting for more. */
  drain(): void;
}

export function createBatchQueue<I extends QueueItem>(options: BatchQueueOptions<I>): BatchQueue<I> {
  const { costs, pool } = options;
  /** An estimate needs one, also while all come back from a crash. */
  const executors = (): number => Math.max(1, pool.up);
  const waiting = createWaitingList<I>();
  const order = createFairOrder(options.tenantWeights);
  const estimate = createBacklogEstimate();
  const running = new Set<{ readonly items: number; readonly until: number }>();
  let lastArrival = Number.NEGATIVE_INFINITY;
  /** Since when an executor has been free for what waits. */
  let freeSince: MonoMs | undefined;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let draining = false;

  const door = createDoor({ limits: options, waiting, running, order, costs, estimate, pool });

  const scheduleIn = (waitMs: number): void => {
    // Timers have whole milliseconds: a shorter wait lasts as long as what else there is to do in this turn.
    if (waitMs < 0.5) immediate ??= setImmediate(pump);
    else timer = setTimeout(pump, waitMs);
  };

  const timeAlone = (item: I): number => {
    const { rows, width } = runShape([item], options.isPadded);
    return costs.predict(rows, width);
  };

  /** Takes out what cannot be answered in time any more: a run of it would be for nobody. */
  const dropDead = (now: MonoMs): void => {
    const isDead = (item: I): boolean => item.deadline !== undefined && now + timeAlone(item) > item.deadline;
    const { items } = waiting;
    for (let i = 0; i < items.length && i < candidateWindow; i++) {
      if (!isDead(items[i] as I)) continue;
      for (const item of waiting.takeOut(isDead)) item.reject(expired());
      return;
    }
  };

  const leave = (items: readonly I[], reason: DispatchReason, now: MonoMs): boolean => {
    const { rows, width } = runShape(items, options.isPadded);
    const run = { items: items.length, until: now + costs.predict(rows, width) };
    const done = (): void => void running.delete(run);
    running.add(run);
    if (!options.dispatch(items, reason, now, done)) {
      done();
      return false;
    }
    estimate.left(items.length);
    for (const item of items) order.left(item.place);
    const first = items[0] as I;
    estimate.waited(now - first.enqueued, first.estimatedMs);
    return true;
  };

  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    clearImmediate(immediate);
    immediate = undefined;
    freeSince = pool.hasFree ? (freeSince ?? monoNow()) : undefined;
    while (waiting.length > 0 && pool.hasFree) {
      const now = monoNow();
      dropDead(now);
      waiting.promote(now - options.maxPassOverMs);
      if (waiting.length === 0) return;
      const decision = decideBatch(waiting.items, options, {
        now,
        running: pool.busy,
        inFlight: itemsOf(running),
        waiting: waiting.length,
        executors: executors(),
        lastArrival,
        freeSince,
        draining,
        cost: costs.cost,
      });
      if (!decision.leave) {
        scheduleIn(decision.waitMs);
        return;
      }
      const taken = new Set(decision.take);
      const items = waiting.takeOut((_, index) => taken.has(index));
      if (!leave(items, decision.reason, now)) {
        waiting.addFirst(items);
        return;
      }
      freeSince = now;
    }
  }

  return {
    get depth() {
      return waiting.length;
    },
    capacity: options.capacity,
    refusal: door.refusal,
    add(items, call) {
      const tokens = items.reduce((sum, item) => sum + item.tokens, 0);
      const now = monoNow();
      const refused = door.knock(call, items.length, tokens, now);
      if (refused) throw overloaded(refused);
      lastArrival = now;
      for (const item of items) {
        item.rank = call.rank;
        item.place = order.place(call.tenant, item.tokens);
        item.estimatedMs = door.waitOf(waiting.add(item), now);
      }
      const over = waiting.length - options.capacity;
      if (over > 0) {
        const keep = waiting.length - over;
        for (const item of waiting.takeOut((_, index) => index >= keep))
          item.reject(displaced(options.capacity));
      }
      pump();
    },
    putBack(items) {
      waiting.addFirst(items);
      pump();
    },
    remove(items) {
      waiting.takeOut((item) => items.has(item));
    },
    pump,
    drain() {
      draining = true;
      pump();
    },
  };
}

function itemsOf(runs: Iterable<{ readonly items: number }>): number {
  let items = 0;
  for (const run of runs) items += run.items;
  return items;
}

function displaced(capacity: number): InferometerError {
  const message = `the queue is full: all ${capacity} places are taken by more urgent work and by tenants that had less`;
  return new InferometerError('OVERLOADED', message, { reason: 'displaced', retryAfterS: 1 });
}
