import { InferometerError, type MonoMs, messageOf, monoNow } from '@inferometer/core';
import type { Lease, Work } from '../executor/pool.ts';
import type { ExecutorReply } from '../executor/protocol.ts';
import { afterCrash, type Retryable } from './after-crash.ts';

/** The place in an executor that a batch has, and who is told of its end. */
export interface BatchPlace<I> {
  readonly lease: Lease;
  /** Told once when the executor is done with it, before its place is given back. */
  readonly over: () => void;
  /** Takes items that may be run once more. */
  readonly retry: (items: readonly I[]) => void;
}

/** When a batch went on its way to the executor, and when its answer was there. */
export interface TravelTimes {
  readonly sent: MonoMs;
  readonly received: MonoMs;
}

/**
 * Runs the work of items: all of them fail with it, or run again if its executor dies.
 * @param settle answers the items; what it throws fails those that it has not answered
 */
export function runInExecutor<I extends Retryable>(
  work: Work,
  items: readonly I[],
  { lease, over, retry }: BatchPlace<I>,
  settle: (reply: ExecutorReply, travel: TravelTimes) => void,
): void {
  const free = (): void => {
    over();
    lease.done();
  };
  const fail = (why: string, cause?: unknown): void => {
    const message = `the model run of ${items.length} ${items.length === 1 ? 'item' : 'items'} failed: ${why}`;
    const error = new InferometerError('RUN_FAILED', message, { cause });
    for (const item of items) item.reject(error);
  };
  const sent = monoNow();
  lease.send(work, {
    onReply(reply) {
      const received = monoNow();
      // The executor gets its next batch before this one's answers are made.
      free();
      if (reply.type === 'failed') fail(reply.message);
      else {
        try {
          settle(reply, { sent, received });
        } catch (error) {
          fail(messageOf(error), error);
        }
      }
    },
    onCrash(cause) {
      const again = afterCrash(items, cause);
      free();
      if (again.length > 0) retry(again);
    },
  });
}
