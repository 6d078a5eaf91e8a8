import { type CacheOptions, checkRedisUrl } from '@inferometer/engine';
import { InvalidArgumentError, Option } from 'commander';

/** The flags of caches, as commander gives them. */
export interface CacheFlags {
  readonly cacheBytes?: number;
  readonly cacheTtl: number;
  readonly cacheStale: number;
  readonly redis?: string;
  readonly redisPrefix: string;
  readonly redisTimeout: number;
}

/** Declares them; nothing is cached unless `--cache-bytes` or `--redis` is given. */
export const cacheFlags: readonly Option[] = [
  new Option(
    '--cache-bytes <n>',
    'memory for cached vectors and answers; 0 for none (default: 0, with --redis 67108864)',
  )
    .env('INFEROMETER_CACHE_BYTES')
    .argParser(bytes),
  new Option('--cache-ttl <s>', 'time for which a cached result is fresh')
    .env('INFEROMETER_CACHE_TTL')
    .default(3600)
    .argParser(seconds(0.001)),
  new Option('--cache-stale <s>', 'time after that for which it is served while it is computed anew')
    .env('INFEROMETER_CACHE_STALE')
    .default(300)
    .argParser(seconds(0)),
  new Option(
    '--redis <url>',
    'a Redis that servers share as a cache: redis://[user:password@]host[:port][/db]',
  )
    // Checked below: a message of commander's own would repeat it, password and all.
    .env('INFEROMETER_REDIS_URL'),
  new Option('--redis-prefix <text>', 'put before every key in Redis')
    .env('INFEROMETER_REDIS_PREFIX')
    .default('inferometer:'),
  new Option('--redis-timeout <ms>', 'longest wait for Redis; what has not come by then is computed')
    .env('INFEROMETER_REDIS_TIMEOUT')
    .default(20)
    .argParser(milliseconds),
];

/**
 * @returns undefined where nothing is cached
 * @throws {RangeError} for a URL that is not Redis'
 */
export function cacheOptionsOf(flags: CacheFlags): CacheOptions | undefined {
  const { redis: url } = flags;
  if (url !== undefined) checkRedisUrl(url);
  const memoryBytes = flags.cacheBytes ?? (url === undefined ? 0 : undefined);
  if (memoryBytes === 0 && url === undefined) return undefined;
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ttlMs: flags.cacheTtl * 1000,
    staleMs: flags.cacheStale * 1000,
    ...(url === undefined
      ? {}
      : { redis: { url, keyPrefix: flags.redisPrefix, timeoutMs: flags.redisTimeout } }),
  };
}

function bytes(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('expected an integer >= 0, in bytes.');
}

/** @param least s */
function seconds(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= 1e9) return value;
    throw new InvalidArgumentError(`expected a number from ${least} to 1000000000, in seconds.`);
  };
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 60_000) return value;
  throw new InvalidArgumentError('expected a number over 0 and up to 60000, in milliseconds.');
}
