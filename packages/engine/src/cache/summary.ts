import { ATTR, setAttributes } from '@inferometer/core';

/** What became of the lookups of a request. */
export interface CacheSummary {
  readonly hits: number;
  readonly stale: number;
  /** Computed by this request. */
  readonly misses: number;
  /** Computed at the same time for the same input, of another request or of this one. */
  readonly coalesced: number;
  /** Time that it waited for another process, ms. */
  readonly remoteWaitMs: number;
}

/** What an answer was, by the worst of its parts. */
export function resultOf({ stale, misses, coalesced }: CacheSummary): 'hit' | 'stale' | 'miss' {
  if (misses + coalesced > 0) return 'miss';
  return stale > 0 ? 'stale' : 'hit';
}

/** Puts it on the span of the request that this is called in. */
export function noteSummary(summary: CacheSummary): void {
  setAttributes({
    [ATTR.cacheResult]: resultOf(summary),
    [ATTR.cacheHits]: summary.hits,
    [ATTR.cacheStale]: summary.stale,
    [ATTR.cacheMisses]: summary.misses,
    [ATTR.cacheCoalesced]: summary.coalesced,
    ...(summary.remoteWaitMs > 0 ? { [ATTR.cacheWaitMs]: summary.remoteWaitMs } : {}),
  });
}
