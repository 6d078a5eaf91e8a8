import { InferometerError, monoNow } from '@inferometer/core';

/** Node's timers take no more, ms: 24 days. A later deadline is none. */
export const longestTimerMs: number = 2 ** 31 - 1;

/**
 * Calls once when a deadline comes, at once if it has passed.
 * @param deadline on the clock of `monoNow`; undefined or infinite for none
 * @returns what calls it off
 */
export function atDeadline(deadline: number | undefined, passed: () => void): () => void {
  const leftMs = (deadline ?? Number.POSITIVE_INFINITY) - monoNow();
  if (leftMs >= longestTimerMs) return () => {};
  const timer = setTimeout(passed, Math.max(0, leftMs));
  return () => clearTimeout(timer);
}

/** The deadline passed, or will have before an answer can be there. */
export function expired(): InferometerError {
  const message = 'the deadline of the request passed before its answer was there';
  return new InferometerError('DEADLINE_EXCEEDED', message, { reason: 'expired' });
}
