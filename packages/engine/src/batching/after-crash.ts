import { type InferometerError, monoNow } from '@inferometer/core';
import type { QueueItem } from './queue.ts';

/** What may run once more after its executor has crashed. */
export interface Retryable extends QueueItem {
  /** Set once its executor has crashed: it runs again apart, so that it can take nobody with it. */
  alone: boolean;
}

/**
 * Sorts out what was in an executor that is gone: what had not been tried before and can still be in time runs again,
 * the rest fails. Once only: what has crashed two executors would crash the third; and a run that was ended because it
 * took too long would last as long again.
 * @returns what runs again
 */
export function afterCrash<I extends Retryable>(items: readonly I[], cause: InferometerError): I[] {
  const now = monoNow();
  const again: I[] = [];
  for (const item of items) {
    const isInTime = item.deadline === undefined || item.deadline > now;
    if (cause.code === 'EXECUTOR_CRASHED' && !item.alone && isInTime) {
      item.alone = true;
      again.push(item);
    } else item.reject(cause);
  }
  return again;
}
