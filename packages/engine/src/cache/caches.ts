import type { Observer } from '@inferometer/core';
import { bytesCodec, vectorCodec } from './codecs.ts';
import type { Codec } from './entry.ts';
import { createMemoryStore, type MemoryTier } from './memory-store.ts';
import { type CacheOptions, resolveCacheOptions } from './options.ts';
import { openRedisStore } from './redis/redis-store.ts';
import { createRemoteTier } from './remote-tier.ts';
import { createResponseCache, type ResponseCache } from './response-cache.ts';
import { createTieredCache, type TieredCache } from './tiered-cache.ts';

/** The caches of a process: vectors of single inputs, and whole answers. */
export interface Caches extends AsyncDisposable {
  readonly vectors: TieredCache<Float32Array>;
  readonly responses: ResponseCache;
}

/**
 * Makes them. A Redis is connected to behind this: one that is not there costs nothing, now or later.
 * @throws {RangeError} for an option out of range
 */
export async function createCaches(given: CacheOptions, observer: Required<Observer>): Promise<Caches> {
  const options = resolveCacheOptions(given);
  const { now } = options;
  const memory = options.memoryBytes > 0 ? createMemoryStore(options.memoryBytes) : undefined;
  const store = options.redis && (await openRedisStore(options.redis, observer.databaseAsked));

  const tiered = <T>(kind: string, codec: Codec<T>): TieredCache<T> => {
    const cache = `${kind}.memory`;
    const tier: MemoryTier<T> | undefined = memory?.tier(`${kind}:`, {
      codec,
      now,
      onEvicted: (reason) => observer.cacheEvicted(cache, reason),
    });
    if (tier) observer.cacheAdded({ cache, held: () => tier.held });
    const remote = store && createRemoteTier({ kind, store, codec, observer, now });
    return createTieredCache({ ...options, memory: tier, remote, kind, observer });
  };

  return {
    vectors: tiered('vectors', vectorCodec),
    responses: createResponseCache(tiered('responses', bytesCodec)),
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]();
    },
  };
}
