import type { Observer } from '@inferometer/core';
import { type Codec, type Entry, freshnessOf } from './entry.ts';
import { seal, unseal } from './envelope.ts';
import type { RedisStore } from './redis/redis-store.ts';

/** Entries of one kind in another process. */
export interface RemoteTier<T> {
  /**
   * Never rejects: what cannot be read is not there.
   * @returns shape [keys]; undefined for what is not there
   */
  get(keys: readonly string[], isValid: (value: T) => boolean): Promise<readonly (Entry<T> | undefined)[]>;
  /** Sends an entry and does not wait. */
  set(key: string, entry: Entry<T>): void;
}

export interface RemoteTierOptions<T> {
  /** Of the cache, before every key; and of metrics, such as `vectors.redis`. */
  readonly kind: string;
  readonly store: RedisStore;
  readonly codec: Codec<T>;
  readonly observer: Required<Observer>;
  /** Wall clock, ms. @default Date.now */
  readonly now?: () => number;
}

export function createRemoteTier<T>(options: RemoteTierOptions<T>): RemoteTier<T> {
  const { kind, store, codec, observer, now = Date.now } = options;
  const cache = `${kind}.redis`;
  const keyOf = (key: string): string => `${kind}:${key}`;
  observer.cacheAdded({ cache, breakerState: () => breakerLevels[store.breakerState] });

  return {
    async get(keys, isValid) {
      if (!store.isUp) {
        observer.cacheRequested(cache, 'skipped', keys.length);
        return keys.map(() => undefined);
      }
      let values: readonly (Buffer | null)[];
      try {
        values = await store.get(keys.map(keyOf));
      } catch {
        // The breaker knows why, and says it once.
        observer.cacheRequested(cache, 'error', keys.length);
        return keys.map(() => undefined);
      }
      const counts = { hit: 0, stale: 0, miss: 0, error: 0 };
      const found = values.map((sealed, index) => {
        if (sealed === null) {
          counts.miss++;
          return undefined;
        }
        const entry = unseal(keyOf(keys[index] as string), sealed, codec);
        if (entry === undefined || !isValid(entry.value)) {
          counts.error++;
          return undefined;
        }
        const freshness = freshnessOf(entry, now());
        counts[resultOf[freshness]]++;
        return freshness === 'expired' ? undefined : entry;
      });
      for (const [result, count] of Object.entries(counts))
        if (count > 0) observer.cacheRequested(cache, result as keyof typeof counts, count);
      return found;
    },
    set(key, entry) {
      const ttlMs = Math.floor(entry.staleUntil - now());
      if (ttlMs < 1) return;
      if (!store.isUp) {
        observer.cacheWritten(cache, 'dropped', 1);
        return;
      }
      const value = seal(keyOf(key), entry, codec);
      store.add({ key: keyOf(key), value, ttlMs }, (result) => observer.cacheWritten(cache, result, 1));
    },
  };
}

const resultOf = { fresh: 'hit', stale: 'stale', expired: 'miss' } as const;
const breakerLevels = { closed: 0, 'half-open': 1, open: 2 } as const;
