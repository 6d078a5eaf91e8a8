import type { RequestTrace } from '@inferometer/core';
import { keyOf } from './key.ts';
import { type CacheSummary, noteSummary } from './summary.ts';
import type { CacheMode, TieredCache } from './tiered-cache.ts';
import type { Patience } from './wait-for-landing.ts';

/** Answers that depend on nothing but the request and the model, as JSON. */
export interface ResponseCache {
  /**
   * @param key all that the answer depends on: route, model's fingerprint, parameters; any JSON
   * @param compute makes the answer; it has to follow the request's signal and trace by itself
   * @returns the answer as it would be after a way through JSON, and how it was come by
   * @throws what `compute` does, and {InferometerError} CANCELLED or DEADLINE_EXCEEDED while it waits for another request
   */
  answer<T>(key: unknown, compute: () => Promise<T>, call?: ResponseCall): Promise<CachedAnswer<T>>;
}

export interface ResponseCall extends Patience {
  /** Is in the phase queue while another request computes the same. */
  readonly trace?: RequestTrace | undefined;
  /** @default 'use' */
  readonly mode?: Exclude<CacheMode, 'off'> | undefined;
}

export interface CachedAnswer<T> {
  readonly value: T;
  readonly summary: CacheSummary;
}

export function createResponseCache(cache: TieredCache<Uint8Array>): ResponseCache {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    async answer<T>(key: unknown, compute: () => Promise<T>, call: ResponseCall = {}) {
      const { trace, signal, deadline, mode } = call;
      const make = async (): Promise<Uint8Array[]> => [encoder.encode(JSON.stringify(await compute()))];
      const { values, summary } = await cache.resolve([keyOf(JSON.stringify(key))], {
        mode,
        signal,
        deadline,
        compute: make,
        // The same function: what it notes of a request that has ended goes nowhere.
        refresh: make,
        onWait: () => trace?.enter('queue'),
      });
      trace?.enter('postprocess');
      noteSummary(summary);
      return { value: JSON.parse(decoder.decode(values[0])) as T, summary };
    },
  };
}
