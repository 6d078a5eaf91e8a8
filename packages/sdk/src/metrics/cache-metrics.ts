import { type CacheReading, METRIC, type MetricMemory, type Observer } from '@inferometer/core';

/** Metrics of caches, written to shared memory. */
export interface CacheMetrics {
  readonly observer: Pick<Observer, 'cacheAdded' | 'cacheRequested' | 'cacheWritten' | 'cacheEvicted'>;
  /** Writes what can only be read from time to time: what caches hold, and how their breakers stand. */
  sample(): void;
}

export function createCacheMetrics(memory: MetricMemory): CacheMetrics {
  const requests = memory.counter({
    name: METRIC.cacheRequests,
    help: 'Lookups in a cache, by what they came to; each tier counts for itself.',
    labels: ['cache', 'result'],
  });
  const writes = memory.counter({
    name: METRIC.cacheWrites,
    help: 'Entries sent to a cache in another process, by what became of them.',
    labels: ['cache', 'result'],
  });
  const evictions = memory.counter({
    name: METRIC.cacheEvictions,
    help: 'Entries taken out of a cache, to make room or past their time.',
    labels: ['cache', 'reason'],
  });
  const bytes = memory.gauge({
    name: METRIC.cacheBytes,
    help: 'Memory of the entries of a cache.',
    unit: 'By',
    labels: ['cache'],
  });
  const entries = memory.gauge({
    name: METRIC.cacheEntries,
    help: 'Entries in a cache.',
    labels: ['cache'],
  });
  const breakerState = memory.gauge({
    name: METRIC.cacheBreakerState,
    help: 'Circuit breaker of a cache in another process: 0 closed, 1 half open, 2 open.',
    labels: ['cache'],
  });
  const readings: CacheReading[] = [];
  const sample = (): void => {
    for (const { cache, held, breakerState: state } of readings) {
      if (held) {
        const now = held();
        bytes.of(cache).set(now.bytes);
        entries.of(cache).set(now.entries);
      }
      if (state) breakerState.of(cache).set(state());
    }
  };
  return {
    sample,
    observer: {
      cacheAdded(reading) {
        readings.push(reading);
        // From 0 on: a rate sees the first one only if the series was there before it.
        const results = reading.breakerState ? ['hit', 'miss', 'error'] : ['hit', 'miss'];
        for (const result of results) requests.of(reading.cache, result).add(0);
        sample();
      },
      cacheRequested: (cache, result, lookups) => requests.of(cache, result).add(lookups),
      cacheWritten: (cache, result, written) => writes.of(cache, result).add(written),
      cacheEvicted: (cache, reason) => evictions.of(cache, reason).add(),
    },
  };
}
