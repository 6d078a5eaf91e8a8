import { InferometerError, monoNow } from '@inferometer/core';
import { overloaded } from '../admission/door.ts';
import { type AdmissionLimits, type Refusal, refusalOf } from '../admission/refusal.ts';
import { createFairOrder, type TenantWeights } from '../batching/fair-order.ts';
import type { QueueCall } from '../batching/queue.ts';
import { createWaitingList, type Placed } from '../batching/waiting-list.ts';
import { atDeadline, expired } from '../deadline.ts';
import type { Lease } from '../executor/pool.ts';

export interface PlaceQueueOptions extends AdmissionLimits {
  readonly tenantWeights: TenantWeights;
  /** Longest wait behind more urgent generations and other tenants, ms. */
  readonly maxPassOverMs: number;
  /** Generations that run at a time, of all executors, integer >= 1. */
  readonly places: number;
  readonly acquire: () => Lease | undefined;
}

/** Generations that wait for a place: by priority, fairly among tenants, first come first served within each. */
export interface PlaceQueue {
  readonly depth: number;
  /** Whether another one would be let in now, and why not. */
  refusal(call: QueueCall): Refusal | undefined;
  /**
   * @param tokens that it may take: tenants share places by them
   * @throws {InferometerError} OVERLOADED at once; CANCELLED or DEADLINE_EXCEEDED while it waits
   */
  wait(call: QueueCall, tokens: number, signal: AbortSignal | undefined): Promise<Lease>;
  /** Told how long a place was held, ms: what a wait is estimated by. */
  held(ms: number): void;
  /** Hands free places out. */
  pump(): void;
}

interface Waiting extends Placed {
  readonly grant: (lease: Lease) => void;
}

/** Weight of the last one in the mean time that a place is held. */
const newest = 0.1;

export function cancelled(): InferometerError {
  return new InferometerError('CANCELLED', 'the generation was cancelled');
}

export function createPlaceQueue(options: PlaceQueueOptions): PlaceQueue {
  const waiting = createWaitingList<Waiting>();
  const order = createFairOrder(options.tenantWeights);
  let heldMs = 0;

  const pump = (): void => {
    while (waiting.length > 0) {
      const lease = options.acquire();
      if (!lease) return;
      waiting.promote(monoNow() - options.maxPassOverMs);
      const [next] = waiting.takeOut((_, index) => index === 0) as [Waiting];
      order.left(next.place);
      next.grant(lease);
    }
  };

  const refusal = (call: QueueCall): Refusal | undefined => {
    const ahead = waiting.before(call.rank, order.peek(call.tenant));
    // With nobody before it, it may find a place at once.
    const waitMs = ahead === 0 ? 0 : (ahead * heldMs) / options.places;
    // How long its own text will be is not known: only the wait is held against the deadline.
    const budgetMs = call.deadline - monoNow();
    return refusalOf(1, { waiting: waiting.length, behind: 0, waitMs, workMs: 0, budgetMs }, options);
  };

  return {
    get depth() {
      return waiting.length;
    },
    refusal,
    held(ms) {
      heldMs = heldMs === 0 ? ms : heldMs + newest * (ms - heldMs);
    },
    pump,
    async wait(call, tokens, signal) {
      const refused = refusal(call);
      if (refused) throw overloaded(refused);
      if (signal?.aborted) throw cancelled();
      return new Promise((resolve, reject) => {
        const settle = (then: () => void): void => {
          callOff();
          signal?.removeEventListener('abort', onAbort);
          then();
        };
        const leave = (error: InferometerError): void =>
          settle(() => {
            waiting.takeOut((item) => item === entry);
            reject(error);
          });
        const onAbort = (): void => leave(cancelled());
        const entry: Waiting = {
          tokens,
          enqueued: monoNow(),
          rank: call.rank,
          place: order.place(call.tenant, tokens),
          grant: (lease) => settle(() => resolve(lease)),
        };
        const callOff = atDeadline(call.deadline, () => leave(expired()));
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.add(entry);
        pump();
      });
    },
  };
}
