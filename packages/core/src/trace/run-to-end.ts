import type { Context } from '@opentelemetry/api';
import { isWorkInParts, type Parts, watchParts } from './parts.ts';
import { callIn, learn, learnedOf, storedContext } from './sync-context.ts';

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
 * @param name what functions of its kind are known by
 * @param stored AsyncLocalStorage's context now
 * @returns what it returned
 */
export function runToEnd<T>(
  context: Context,
  name: string,
  fn: () => T,
  ending: Ending,
  stored: Context = storedContext(),
): T {
  const of = learnedOf(name);
  let result: T;
  try {
    result = callIn(context, of, fn, stored);
  } catch (error) {
    ending.failed(error);
    throw error;
  }
  // Most results are values: only objects can be work that goes on.
  if (typeof result !== 'object' || result === null) {
    learn(of, true);
    ending.succeeded();
    return result;
  }
  if (isThenable(result)) {
    learn(of, false);
    return result.then(
      (value) => followValue(context, value, ending),
      (error: unknown) => {
        ending.failed(error);
        throw error;
      },
    ) as T;
  }
  learn(of, partsOf(result) === undefined);
  return followValue(context, result, ending);
}

function followValue<V>(context: Context, value: V, ending: Ending): V {
  const parts = typeof value === 'object' && value !== null ? partsOf(value) : undefined;
  if (parts === undefined) {
    ending.succeeded();
    return value;
  }
  ending.inParts();
  return watchParts(parts, {
    context,
    resume: () => ending.resume(),
    pause: () => ending.pause(),
    output: () => ending.output(),
    done: (error) => (error === undefined ? ending.succeeded() : ending.failed(error)),
  }) as V;
}

// Proxies may throw whatever they are asked for: then the result is a value like any other.

function isThenable(result: object): result is PromiseLike<unknown> {
  try {
    return typeof (result as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

function partsOf(value: object): Parts | undefined {
  try {
    return isWorkInParts(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
