import { InferometerError, type MonoMs, type Telemetry } from '@inferometer/core';
import type { CallOptions } from '../call.ts';
import { atDeadline, expired } from '../deadline.ts';
import type { BatchQueue, QueueCall, QueueItem } from './queue.ts';

export interface Submission<I extends QueueItem, T> {
  /** Shape [n], n >= 1. */
  readonly items: readonly I[];
  /** Of all items. */
  readonly results: Promise<T>;
  readonly enqueued: MonoMs;
  readonly queued: QueueCall;
  readonly call: CallOptions;
}

/**
 * Puts a call's items in a queue and waits for all of them, for its deadline or for its caller to leave: whichever comes
 * first. What still queues then is taken out.
 * @throws {InferometerError} OVERLOADED, DEADLINE_EXCEEDED or CANCELLED, or what the items fail with
 */
export async function submit<I extends QueueItem, T>(
  queue: BatchQueue<I>,
  { name, telemetry }: { readonly name: string; readonly telemetry: Telemetry },
  { items, results, enqueued, queued, call }: Submission<I, T>,
): Promise<T> {
  // A rejection is the caller's to handle; here it must not be unhandled while `add` throws.
  results.catch(() => {});
  const { signal, trace } = call;
  if (signal?.aborted) throw cancelled('before it was queued');
  if (queued.deadline <= enqueued) throw expired();
  const { depth } = queue;
  trace?.enter('queue', enqueued);
  queue.add(items, queued);
  telemetry.observer.queueArrival(name, depth);
  const fail = (error: InferometerError): void => {
    for (const item of items) item.reject(error);
  };
  const onAbort = (): void => fail(cancelled('while it was queued'));
  signal?.addEventListener('abort', onAbort, { once: true });
  const callOff = atDeadline(queued.deadline, () => fail(expired()));
  try {
    return await results;
  } catch (error) {
    // Nobody waits for the rest of it any more.
    queue.remove(new Set(items));
    throw error;
  } finally {
    callOff();
    signal?.removeEventListener('abort', onAbort);
  }
}

function cancelled(when: string): InferometerError {
  return new InferometerError('CANCELLED', `the request was cancelled ${when}`);
}
