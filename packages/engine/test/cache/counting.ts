import { createTelemetry, type Observer, type Telemetry } from '@inferometer/core';
import { type CacheOptions, type Caches, createCaches } from '@inferometer/engine';

/** What caches and batches told of. */
export interface Counting {
  readonly telemetry: Telemetry;
  /** Lookups by `cache:result`, such as `vectors.memory:hit`. */
  readonly lookups: Readonly<Record<string, number>>;
  readonly writes: Readonly<Record<string, number>>;
  readonly evictions: Readonly<Record<string, number>>;
  /** Sizes of model runs. */
  readonly batches: readonly number[];
  held(cache: string): { readonly bytes: number; readonly entries: number };
  breakerState(cache: string): number;
}

export function startCounting(): Counting {
  const lookups: Record<string, number> = {};
  const writes: Record<string, number> = {};
  const evictions: Record<string, number> = {};
  const batches: number[] = [];
  const readings = new Map<string, Parameters<Required<Observer>['cacheAdded']>[0]>();
  const add = (to: Record<string, number>, name: string, count: number): void => {
    to[name] = (to[name] ?? 0) + count;
  };
  const telemetry = createTelemetry({
    observers: [
      {
        cacheAdded: (reading) => void readings.set(reading.cache, reading),
        cacheRequested: (cache, result, count) => add(lookups, `${cache}:${result}`, count),
        cacheWritten: (cache, result, count) => add(writes, `${cache}:${result}`, count),
        cacheEvicted: (cache, reason) => add(evictions, `${cache}:${reason}`, 1),
        batchEnded: (batch) => void batches.push(batch.size),
      },
    ],
  });
  return {
    telemetry,
    lookups,
    writes,
    evictions,
    batches,
    held: (cache) => readings.get(cache)?.held?.() ?? { bytes: Number.NaN, entries: Number.NaN },
    breakerState: (cache) => readings.get(cache)?.breakerState?.() ?? Number.NaN,
  };
}

export interface CountedCaches extends Counting {
  readonly caches: Caches;
  /** One vector through the cache: computed as `[n]` where it is in none. */
  vector(key: string, n?: number): Promise<number | undefined>;
  /** How often a vector was computed. */
  readonly computed: () => number;
}

export async function openCaches(options: CacheOptions): Promise<CountedCaches & AsyncDisposable> {
  const counting = startCounting();
  const caches = await createCaches(options, counting.telemetry.observer);
  let computed = 0;
  return {
    ...counting,
    caches,
    computed: () => computed,
    async vector(key, n = 1) {
      const compute = async (): Promise<Float32Array[]> => {
        computed++;
        return [Float32Array.of(n)];
      };
      const { values } = await caches.vectors.resolve([key], { compute, refresh: compute });
      return values[0]?.[0];
    },
    [Symbol.asyncDispose]: () => caches[Symbol.asyncDispose](),
  };
}
