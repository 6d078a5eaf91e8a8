import { type Env, textOf } from './env.ts';

const expectation = 'must be JSON like {"inference_request_duration_seconds":[0.1,1,10]}';

/**
 * Bounds by metric name, out of JSON.
 * @throws {RangeError} if a metric has no bounds, or they are not finite numbers that rise
 */
export function histogramBoundsOf(env: Env, name: string): Record<string, readonly number[]> {
  const text = textOf(env, name);
  if (text === undefined) return {};
  const parsed = parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new RangeError(`${name} ${expectation}, got ${text}`);
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([metric, bounds]) => {
      if (!areBounds(bounds)) {
        const got = JSON.stringify(bounds);
        throw new RangeError(`${name} must have finite, ascending numbers for ${metric}, got ${got}`);
      }
      return [metric, bounds];
    }),
  );
}

export function areBounds(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > value[at - 1]))
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
