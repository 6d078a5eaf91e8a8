import { InferometerError } from '@inferometer/core';

/**
 * What a promise comes to, unless the signal aborts first.
 * @throws {InferometerError} CANCELLED
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void =>
      reject(
        new InferometerError(
          'CANCELLED',
          'the request was cancelled while it waited for the same work of another',
        ),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
