import { InferometerError, type MonoMs } from '@inferometer/core';
import { atDeadline } from '../deadline.ts';

/** When a request stops waiting for what another one does. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** On the clock of `monoNow`; undefined for none. */
  readonly deadline?: MonoMs | undefined;
}

/**
 * What another request's work comes to, unless this request's signal or deadline comes first.
 * @throws {InferometerError} CANCELLED or DEADLINE_EXCEEDED
 */
export function waitForLanding<T>(landing: Promise<T>, { signal, deadline }: Patience): Promise<T> {
  if (signal === undefined && deadline === undefined) return landing;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => fail('CANCELLED', 'the request was cancelled');
    const callOff = atDeadline(deadline, () => fail('DEADLINE_EXCEEDED', 'the deadline passed'));
    const over = (): void => {
      callOff();
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
