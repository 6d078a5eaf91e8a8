import type { HistogramValue } from '@inferometer/core';

/** What a series without classic buckets shows in formats that know only these: everything in `+Inf`. */
const noBounds: readonly number[] = [];

export interface ClassicBuckets {
  readonly bounds: readonly number[];
  /** Not cumulative; the last one is +Inf's. */
  readonly counts: readonly number[];
  /** Of all buckets: what `_count` and the `+Inf` bucket must agree on. */
  readonly total: number;
}

/**
 * The classic buckets, and their total added up: a count kept beside them could differ from it for a moment, and
 * scrapers refuse a histogram whose count and buckets disagree.
 */
export function classicBuckets({ classic, count }: HistogramValue): ClassicBuckets {
  if (classic === undefined) return { bounds: noBounds, counts: [count], total: count };
  const { bounds, counts } = classic;
  let total = 0;
  for (let i = 0; i <= bounds.length; i++) total += counts[i] ?? 0;
  return { bounds, counts, total };
}
