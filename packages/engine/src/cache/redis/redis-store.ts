import { messageOf, type Observer } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { Redis } from 'ioredis';
import type { RedisOptions } from '../options.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { createLookups, type Lookups } from './lookups.ts';
import { within } from './within.ts';
import { createWrites, type Write, type Writes } from './writes.ts';

/** A Redis that may fail, hang, be away or come back at any time: nobody waits for it longer than the time limit. */
export interface RedisStore extends AsyncDisposable {
  /** Whether it is worth asking; false costs nothing. */
  readonly isUp: boolean;
  readonly breakerState: BreakerState;
  /** Keys without the prefix. */
  readonly get: Lookups['get'];
  readonly add: Writes['add'];
}

/** Connections are tried again after 50, 100, 200, … ms. */
const retryMs = { first: 50, longest: 1000 };
const connectTimeoutMs = 2000;
/** A connection on which nothing comes for so long is given up, such as one whose other end was switched off. */
const silentMs = 2000;
/** An outage is told of so often at most, however often it begins anew. */
const tellEveryMs = 60_000;

/**
 * Begins to connect and does not wait for it.
 * @param asked told of each answer
 */
export async function openRedisStore(
  options: Required<RedisOptions>,
  asked: Required<Observer>['databaseAsked'],
): Promise<RedisStore> {
  // Loaded when it is used: it takes a tenth of a second.
  const { Redis } = await import('ioredis');
  const redis = new Redis(options.url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    socketTimeout: silentMs,
    retryStrategy: (times) => Math.min(retryMs.first * 2 ** Math.min(times - 1, 10), retryMs.longest),
  });
  const { hostname, port } = new URL(options.url);
  const place = `Redis at ${hostname}:${port || 6379}`;
  const outage = createOutageLog(place);
  const prefixed = (key: string): string => options.keyPrefix + key;
  /** Whoever waits may have given up long before the answer; it counts all the same. */
  const timed = async <T>(operation: string, answer: Promise<T>): Promise<T> => {
    const start = performance.now();
    const tell = (errorType?: string): void =>
      asked('redis', operation, (performance.now() - start) / 1000, errorType);
    try {
      const value = await answer;
      tell();
      return value;
    } catch (error) {
      tell(error instanceof Error ? error.name : '_OTHER');
      throw error;
    }
  };
  const mget = (keys: readonly string[]): Promise<(Buffer | null)[]> =>
    timed('MGET', redis.mgetBuffer(keys.map(prefixed)));

  const breaker = createBreaker({
    onOpen: outage.began,
    onClosed: outage.ended,
    async probe() {
      if (redis.status !== 'ready') throw new Error('there is no connection');
      try {
        // What requests do, not PING: a user that may not read, or a Redis that is too slow, is no use either.
        await within(mget(['probe']), options.timeoutMs, 'a probe');
      } catch (error) {
        // The connection itself may be at fault.
        redis.disconnect(true);
        throw error;
      }
    },
  });
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  redis.on('close', () => breaker.trip(lastError ?? new Error('the connection was closed')));
  const lookups = createLookups({ ...options, mget, succeeded: breaker.succeeded, failed: breaker.failed });
  const writes = createWrites({ ...options, send: (all) => timed('SET', sendAll(redis, all, prefixed)) });
  return {
    get isUp() {
      return breaker.isClosed && redis.status === 'ready';
    },
    get breakerState() {
      return breaker.state;
    },
    get: lookups.get,
    add: writes.add,
    async [Symbol.asyncDispose]() {
      breaker[Symbol.dispose]();
      redis.disconnect();
    },
  };
}

async function sendAll(
  redis: Redis,
  writes: readonly Write[],
  prefixed: (key: string) => string,
): Promise<readonly boolean[]> {
  const pipeline = redis.pipeline();
  for (const { key, value, ttlMs } of writes) pipeline.set(prefixed(key), value, 'PX', ttlMs);
  const results = await pipeline.exec();
  return results?.map(([error]) => error === null) ?? [];
}

/** Says once that an outage has begun, and once that it is over. */
function createOutageLog(place: string): { began(cause: unknown): void; ended(): void } {
  let toldAt = Number.NEGATIVE_INFINITY;
  let isTold = false;
  return {
    began(cause) {
      if (performance.now() - toldAt < tellEveryMs) return;
      toldAt = performance.now();
      isTold = true;
      diag.warn(`${place} cannot be used: ${messageOf(cause)}; until it can, results are computed`);
    },
    ended() {
      if (isTold) diag.info(`${place} can be used again`);
      isTold = false;
    },
  };
}
