import { type Context, context as contextApi } from '@opentelemetry/api';
import { isWorkInParts, watchParts } from './parts.ts';

/** What is told of how a function goes on and ends: either `succeeded` or `failed`, once. */
export interface Ending {
  succeeded(): void;
  failed(error: unknown): void;
  /** Its result is work in parts, which has not begun yet: from now on it rests until it is resumed. */
  inParts(): void;
  resume(): void;
  pause(): void;
  output(): void;
}

/**
 * Calls a function in a context and tells when all of it has ended: it has returned or thrown, its promise is settled,
 * its generator or stream has ended.
 * @returns what it returned
 */
export function runToEnd<T>(context: Context, fn: () => T, ending: Ending): T {
  let result: T;
  try {
    result = contextApi.with(context, fn);
  } catch (error) {
    ending.failed(error);
    throw error;
  }
  // Most results are values: only objects can be work that goes on.
  if (typeof result !== 'object' || result === null) {
    ending.succeeded();
    return result;
  }
  if (typeof (result as { then?: unknown }).then === 'function') {
    return (result as unknown as PromiseLike<unknown>).then(
      (value) => followValue(context, value, ending),
      (error: unknown) => {
        ending.failed(error);
        throw error;
      },
    ) as T;
  }
  return followValue(context, result, ending);
}

function followValue<V>(context: Context, value: V, ending: Ending): V {
  if (typeof value !== 'object' || value === null || !isWorkInParts(value)) {
    ending.succeeded();
    return value;
  }
  ending.inParts();
  return watchParts(value, {
    context,
    resume: () => ending.resume(),
    pause: () => ending.pause(),
    output: () => ending.output(),
    done: (error) => (error === undefined ? ending.succeeded() : ending.failed(error)),
  }) as V;
}
