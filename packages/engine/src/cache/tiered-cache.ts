import { type CacheResult, InferometerError, messageOf, monoNow, type Observer } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { type Entry, freshnessOf } from './entry.ts';
import { type Claim, createFlights, type Landing } from './flights.ts';
import type { MemoryTier } from './memory-store.ts';
import type { RemoteTier } from './remote-tier.ts';
import type { CacheSummary } from './summary.ts';
import { type Patience, waitForLanding } from './wait-for-landing.ts';

/** Whether a request takes results from the cache, and leaves its own there. */
export type CacheMode =
  | 'use'
  /** Computes anew, and keeps the results: `cache-control: no-cache`. */
  | 'refresh'
  /** As if there were no cache: `cache-control: no-store`. */
  | 'off';

/** Values by key: from memory, from another process, from the same work of another request, or computed. */
export interface TieredCache<T> {
  /**
   * @param keys shape [n]; the same key is computed once
   * @returns shape [n]; shared values, that nobody may write into
   * @throws what `compute` does, and {InferometerError} CANCELLED or DEADLINE_EXCEEDED while it waits for another request
   */
  resolve(keys: readonly string[], options: ResolveOptions<T>): Promise<Resolved<T>>;
}

/** Signal and deadline end waiting for other requests; `compute` has to follow them by itself. */
export interface ResolveOptions<T> extends Patience {
  /**
   * Computes those that are nowhere.
   * @param indices into the keys, shape [m], m >= 1
   * @returns values that are the cache's own from now on, shape [m]
   */
  readonly compute: (indices: readonly number[]) => Promise<readonly T[]>;
  /** As `compute`, for nobody: values that are past their time are computed anew behind the answer. */
  readonly refresh: (indices: readonly number[]) => Promise<readonly T[]>;
  /** Called before it waits for another request. */
  readonly onWait?: () => void;
  /** Whether a value from another process can be one of these. */
  readonly isValid?: (value: T) => boolean;
  /** @default 'use' */
  readonly mode?: Exclude<CacheMode, 'off'> | undefined;
}

export interface Resolved<T> {
  readonly values: readonly T[];
  readonly summary: CacheSummary;
}

export interface TieredCacheOptions<T> {
  readonly memory: MemoryTier<T> | undefined;
  readonly remote: RemoteTier<T> | undefined;
  /** For metrics, such as `vectors`. */
  readonly kind: string;
  readonly observer: Required<Observer>;
  readonly ttlMs: number;
  readonly staleMs: number;
  /** Wall clock, ms. @default Date.now */
  readonly now?: () => number;
}

/** Work of this request's own. */
interface Own<T> {
  readonly index: number;
  readonly key: string;
  readonly claim: Claim<T>;
}

/** Work that was in progress before, of another request or for the same key of this one. */
interface Followed<T> {
  readonly index: number;
  readonly landing: Promise<Landing<T>>;
  readonly isOwn: boolean;
}

export function createTieredCache<T>(options: TieredCacheOptions<T>): TieredCache<T> {
  const { memory, remote, kind, observer, ttlMs, staleMs, now = Date.now } = options;
  const flights = createFlights<T>();
  /** The first tier counts what was answered by another request's work. */
  const firstTier = memory ? `${kind}.memory` : `${kind}.redis`;

  const keep = (key: string, value: T): void => {
    const at = now();
    const entry: Entry<T> = { value, freshUntil: at + ttlMs, staleUntil: at + ttlMs + staleMs };
    memory?.set(key, entry);
    remote?.set(key, entry);
  };

  const computeOwn = async (
    own: readonly Own<T>[],
    compute: ResolveOptions<T>['compute'],
  ): Promise<readonly T[]> => {
    let values: readonly T[];
    try {
      values = await compute(own.map(({ index }) => index));
    } catch (error) {
      for (const { claim } of own) {
        if (isOfRequest(error)) claim.abandon();
        else claim.fail(error);
      }
      throw error;
    }
    own.forEach(({ key, claim }, place) => {
      const value = values[place] as T;
      // Kept before it lands, so that there is no moment at which it is in neither place.
      keep(key, value);
      claim.land(value);
    });
    return values;
  };

  /** Computes anew what others do not already. */
  const refresh = (indices: readonly number[], keys: readonly string[], asked: ResolveOptions<T>): void => {
    const own: Own<T>[] = [];
    for (const index of indices) {
      const key = keys[index] as string;
      if (flights.find(key) === undefined) own.push({ index, key, claim: flights.claim(key) });
    }
    if (own.length === 0) return;
    computeOwn(own, asked.refresh).catch((error: unknown) => {
      // What is stale stays so, and is tried again when it is next asked for.
      diag.debug(`${own.length} stale ${kind} could not be computed anew: ${messageOf(error)}`);
    });
  };

  return {
    async resolve(keys, asked) {
      const summary = { hits: 0, stale: 0, misses: 0, coalesced: 0, remoteWaitMs: 0 };
      const values = new Array<T>(keys.length);
      if (asked.mode === 'refresh') {
        const all = await asked.compute([...keys.keys()]);
        keys.forEach((key, index) => {
          keep(key, all[index] as T);
        });
        return { values: all, summary: { ...summary, misses: keys.length } };
      }

      const stale: number[] = [];
      const take = (index: number, entry: Entry<T>): void => {
        values[index] = entry.value;
        if (freshnessOf(entry, now()) === 'fresh') summary.hits++;
        else {
          summary.stale++;
          stale.push(index);
        }
      };
      let missing: number[] = [];
      for (let index = 0; index < keys.length; index++) {
        const entry = memory?.get(keys[index] as string);
        if (entry === undefined) missing.push(index);
        else take(index, entry);
      }
      if (memory) count(firstTier, 'hit', summary.hits);
      if (memory) count(firstTier, 'stale', summary.stale);

      for (let round = 0; missing.length > 0; round++) {
        const own: Own<T>[] = [];
        const followed: Followed<T>[] = [];
        const claimed = new Set<string>();
        for (const index of missing) {
          const key = keys[index] as string;
          const landing = flights.find(key);
          if (landing) followed.push({ index, landing, isOwn: claimed.has(key) });
          else {
            own.push({ index, key, claim: flights.claim(key) });
            claimed.add(key);
          }
        }
        if (round === 0) {
          if (memory) count(firstTier, 'miss', own.length);
          count(firstTier, 'coalesced', followed.length);
        }
        try {
          // What others abandoned is not in the other process either.
          const rest = round === 0 && remote && own.length > 0 ? await fromRemote(remote, own) : own;
          if (rest.length > 0) {
            const computed = await computeOwn(rest, asked.compute);
            rest.forEach(({ index }, place) => {
              values[index] = computed[place] as T;
            });
            summary.misses += rest.length;
          }
        } finally {
          // Whatever has gone wrong: nobody may wait for ever.
          for (const { claim } of own) claim.abandon();
        }
        missing = [];
        if (followed.some(({ isOwn }) => !isOwn)) asked.onWait?.();
        for (const { index, landing } of followed) {
          const landed = await waitForLanding(landing, asked);
          if (landed === 'abandoned') missing.push(index);
          else {
            values[index] = landed.value;
            summary.coalesced++;
          }
        }
      }
      if (stale.length > 0) refresh(stale, keys, asked);
      return { values, summary };

      /** Lands what another process has. @returns what it has not */
      async function fromRemote(tier: RemoteTier<T>, own: readonly Own<T>[]): Promise<readonly Own<T>[]> {
        const before = monoNow();
        const found = await tier.get(
          own.map(({ key }) => key),
          asked.isValid ?? (() => true),
        );
        summary.remoteWaitMs += monoNow() - before;
        return own.filter(({ index, key, claim }, place) => {
          const entry = found[place];
          if (entry === undefined) return true;
          memory?.set(key, entry);
          take(index, entry);
          claim.land(entry.value);
          return false;
        });
      }
    },
  };

  function count(cache: string, result: CacheResult, lookups: number): void {
    if (lookups > 0) observer.cacheRequested(cache, result, lookups);
  }
}

/** Verdicts on one request, which say nothing about its work; all other failures are the same for all who want it. */
const ofRequest = new Set<string>(['CANCELLED', 'DEADLINE_EXCEEDED', 'OVERLOADED', 'UNAVAILABLE']);

function isOfRequest(error: unknown): boolean {
  return error instanceof InferometerError && ofRequest.has(error.code);
}
