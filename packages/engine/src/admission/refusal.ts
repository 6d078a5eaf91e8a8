/** Whether a call is let into a queue: pure, all times given. */

/** Why a call is refused: too many wait, what waits takes too long, or its own deadline cannot be met. */
export type RefusalReason = 'queue_full' | 'queue_time' | 'deadline';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** When a retry may be let in, s, integer >= 1. */
  readonly retryAfterS: number;
}

export interface AdmissionLimits {
  /** Items that may wait, integer >= 1. */
  readonly capacity: number;
  /** Longest estimated wait that is let in, ms. */
  readonly maxQueueMs: number;
}

export interface AdmissionState {
  /** Items that wait. */
  readonly waiting: number;
  /** Items of those that would have to make room, because they are behind the call's own. */
  readonly behind: number;
  /** Estimated time until the call's first item leaves, ms. */
  readonly waitMs: number;
  /** Estimated time of its own work after that, ms. */
  readonly workMs: number;
  /** Time left until its deadline, ms; infinite for none. */
  readonly budgetMs: number;
}

/** An estimate is a mean: so much more is allowed for, so that what is let in is answered in time. */
const deadlineSafety = 1.25;

/** @returns undefined if the call is let in */
export function refusalOf(
  items: number,
  state: AdmissionState,
  limits: AdmissionLimits,
): Refusal | undefined {
  const { waiting, behind, waitMs, workMs, budgetMs } = state;
  const refuse = (reason: RefusalReason, tooLongByMs: number, why: string): Refusal => {
    const retryAfterS = Math.max(1, Math.ceil(tooLongByMs / 1000));
    return { reason, retryAfterS, message: `${why}, try again in ${retryAfterS} s` };
  };
  const needed = (waitMs + workMs) * deadlineSafety;
  if (needed > budgetMs) {
    const why = `the answer would take about ${ms(needed)} and ${ms(Math.max(0, budgetMs))} are left`;
    return refuse('deadline', needed - budgetMs, why);
  }
  if (waitMs > limits.maxQueueMs) {
    const why = `the queue takes about ${ms(waitMs)}, over its limit of ${ms(limits.maxQueueMs)}`;
    return refuse('queue_time', waitMs - limits.maxQueueMs, why);
  }
  const over = waiting + items - limits.capacity;
  if (over > 0 && over > behind) {
    const why = `the queue is full: ${waiting} of ${limits.capacity} items wait, ${items} more do not fit`;
    return refuse('queue_full', (waitMs * Math.min(items, waiting)) / Math.max(1, waiting), why);
  }
  return undefined;
}

function ms(value: number): string {
  return value < 10_000 ? `${Math.ceil(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
