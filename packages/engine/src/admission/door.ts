import { InferometerError, type MonoMs, monoNow } from '@inferometer/core';
import { type FairOrder, priorityClass } from '../batching/fair-order.ts';
import type { QueueCall } from '../batching/queue.ts';
import type { RunCostModel } from '../batching/run-cost.ts';
import type { WaitingList } from '../batching/waiting-list.ts';
import type { ExecutorPool } from '../executor/pool.ts';
import type { BacklogEstimate } from './estimate.ts';
import { createExpectedCalls } from './expected.ts';
import { type AdmissionLimits, type Refusal, refusalOf } from './refusal.ts';

/** What is to be seen from a queue's door. */
export interface DoorOptions {
  readonly limits: AdmissionLimits;
  readonly waiting: Pick<WaitingList<never>, 'length' | 'tokens' | 'squares' | 'before'>;
  /** When each run will be over, as far as one can tell. */
  readonly running: Iterable<{ readonly until: number }>;
  readonly order: Pick<FairOrder, 'peek'>;
  readonly costs: RunCostModel;
  readonly estimate: BacklogEstimate;
  readonly pool: Pick<ExecutorPool, 'up' | 'hasFree'>;
}

/** Who is let into a queue. */
export interface Door {
  /**
   * Whether a call of one item like those of late would be let in now: microseconds, so that an overload is refused for
   * next to nothing, before anything is known of the call. Who would be is expected to come, and those who ask after it
   * are behind it.
   * @returns why not
   */
  refusal(call: QueueCall): Refusal | undefined;
  /**
   * A call is there with all its items.
   * @param tokens of all of them
   * @returns why it is not let in
   */
  knock(call: QueueCall, items: number, tokens: number, now: MonoMs): Refusal | undefined;
  /** Time until an item leaves with so many before it, ms. */
  waitOf(ahead: number, now: MonoMs): number;
}

/** How fast the calls of late replace those before. */
const usualWeight = 0.05;

export function createDoor(options: DoorOptions): Door {
  const { limits, waiting, running, order, costs, estimate, pool } = options;
  const expected = createExpectedCalls();
  /** Tokens of an item, of late. */
  let usualTokens = 1;

  /** @param coming calls that are expected before it, beside those that wait */
  const waitOf = (ahead: number, now: MonoMs, coming = 0): number => {
    // An estimate needs one, also while all come back from a crash.
    const executors = Math.max(1, pool.up);
    let left = 0;
    for (const run of running) left += Math.max(0, run.until - now);
    // A free executor takes it as it comes.
    if (ahead + coming === 0 && pool.hasFree) return 0;
    const part = ahead / Math.max(1, waiting.length);
    const backlog = {
      items: ahead + coming,
      tokens: waiting.tokens * part + coming * usualTokens,
      squares: waiting.squares * part + coming * usualTokens ** 2,
    };
    return left / executors + estimate.timeOf(backlog, costs.cost, executors);
  };

  const look = (
    call: QueueCall,
    items: number,
    tokens: number,
    now: MonoMs,
    coming = 0,
  ): Refusal | undefined => {
    const ahead = waiting.before(call.rank, order.peek(call.tenant));
    // Nobody is refused for a run so large that nothing is known of it: then there is its deadline still.
    const mean = Math.min(tokens / items, costs.horizon);
    const own = { items, tokens: items * mean, squares: items * mean * mean };
    const ownMs = estimate.timeOf(own, costs.cost, Math.max(1, pool.up));
    const state = {
      waiting: waiting.length + coming,
      behind: waiting.length - ahead,
      waitMs: waitOf(ahead, now, coming),
      workMs: Math.max(estimate.runOf(mean, costs.cost), ownMs),
      budgetMs: call.deadline - now,
    };
    return refusalOf(items, state, limits);
  };

  return {
    refusal(call) {
      const now = monoNow();
      // Those who are urgent go before whoever comes.
      const coming = call.rank === priorityClass.high ? 0 : expected.count(now);
      // With nothing before it, whatever is small enough is let in: else a queue that was taught by long items would
      // refuse all others for ever.
      const tokens = waiting.length + coming === 0 ? 1 : usualTokens;
      const refused = look(call, 1, tokens, now, coming);
      if (refused === undefined) expected.expect(now);
      return refused;
    },
    knock(call, items, tokens, now) {
      usualTokens += usualWeight * (tokens / items - usualTokens);
      expected.came();
      return look(call, items, tokens, now);
    },
    waitOf: (ahead, now) => waitOf(ahead, now),
  };
}

export function overloaded(refused: Refusal): InferometerError {
  const { reason, message, retryAfterS } = refused;
  const { stackTraceLimit } = Error;
  // An overload throws it hundreds of times a second, and where it comes from is known.
  Error.stackTraceLimit = 0;
  try {
    return new InferometerError('OVERLOADED', message, { reason, retryAfterS });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
