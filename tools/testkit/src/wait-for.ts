import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Longest wait, ms, > 0. @default 20000 */
  readonly timeoutMs?: number;
  /** Pause between two attempts, ms, >= 0. @default 50 */
  readonly intervalMs?: number;
}

/**
 * The first truthy result of `probe`, which is called again and again until it gives one.
 * @param what what is waited for, for the error: `the queue to be empty`
 * @param probe returns a truthy value when the condition holds; throwing counts as not yet
 * @throws {Error} after `timeoutMs`, with the last falsy result or, as `cause`, the last thing thrown
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 50 }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: { readonly cause: unknown } | undefined;
    try {
      const result = await endingBy(deadline + 1_000, probe());
      if (result) return result;
    } catch (cause) {
      failure = { cause };
    }
    if (performance.now() >= deadline) {
      const detail = failure === undefined ? '' : `: ${messageOf(failure.cause)}`;
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}${detail}`, failure);
    }
    await delay(Math.min(intervalMs, Math.max(0, deadline - performance.now())));
  }
}

/** A probe that hangs must not keep a test waiting: it is left behind, a second after the deadline. */
async function endingBy<T>(time: number, result: T | Promise<T>): Promise<T> {
  if (!(result instanceof Promise)) return result;
  const timer = new AbortController();
  const late = delay(time - performance.now(), undefined, { signal: timer.signal }).then(() => {
    throw new Error('the last attempt did not end');
  });
  // Aborted below, when nobody looks at it any more.
  late.catch(() => {});
  try {
    return await Promise.race([result, late]);
  } finally {
    timer.abort();
  }
}

/** The message of anything thrown, followed by those of its causes: fetch hides the reason in there. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause === undefined ? thrown.message : `${thrown.message} (${messageOf(thrown.cause)})`;
}
