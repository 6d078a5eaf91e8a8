import { InferometerError, type MonoMs, monoNow } from '@inferometer/core';

/** When a request stops waiting for what another one does. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** On the clock of `monoNow`; undefined for none. */
  readonly deadline?: MonoMs | undefined;
}

/** Longest delay of a timer: a later deadline is none. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * What another request's work comes to, unless this request's signal or deadline comes first.
 * @throws {InferometerError} CANCELLED or DEADLINE_EXCEEDED
 */
export function waitForLanding<T>(landing: Promise<T>, { signal, deadline }: Patience): Promise<T> {
  if (signal === undefined && deadline === undefined) return landing;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => fail('CANCELLED', 'the request was cancelled');
    const leftMs = deadline === undefined ? longestTimerMs : deadline - monoNow();
    const timer =
      leftMs < longestTimerMs
        ? setTimeout(() => fail('DEADLINE_EXCEEDED', 'the deadline passed'), Math.max(0, leftMs))
        : undefined;
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    landing.then(
      (value) => {
        over();
        resolve(value);
      },
      (error: unknown) => {
        over();
        reject(error as Error);
      },
    );

    function fail(code: 'CANCELLED' | 'DEADLINE_EXCEEDED', what: string): void {
      over();
      reject(new InferometerError(code, `${what} while it waited for the same work of another one`));
    }
  });
}
