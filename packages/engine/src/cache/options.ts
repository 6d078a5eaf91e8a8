/** Where results are kept, and for how long. */
export interface CacheOptions {
  /**
   * Memory for entries in this process, vectors and responses together, bytes, integer >= 0; 0 for none.
   * @default 67_108_864
   */
  readonly memoryBytes?: number;
  /** Time for which an entry is fresh, ms, > 0. @default 3_600_000 */
  readonly ttlMs?: number;
  /** Time after that for which it is still served, while it is computed anew, ms, >= 0. @default 300_000 */
  readonly staleMs?: number;
  /** A cache that processes share. @default none */
  readonly redis?: RedisOptions;
  /** Wall clock, ms. @default Date.now */
  readonly now?: () => number;
}

export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS. */
  readonly url: string;
  /** Put before every key. @default 'inferometer:' */
  readonly keyPrefix?: string;
  /** Longest wait of a lookup, ms, > 0: what has not come by then is computed. @default 20 */
  readonly timeoutMs?: number;
  /** Entries that may be on their way to Redis, bytes, integer >= 1; more are dropped. @default 16_777_216 */
  readonly maxPendingBytes?: number;
}

export interface ResolvedCacheOptions extends Required<Omit<CacheOptions, 'redis'>> {
  readonly redis: Required<RedisOptions> | undefined;
}

/**
 * Fills in the defaults.
 * @throws {RangeError} that names the option, its range and the value
 */
export function resolveCacheOptions(options: CacheOptions): ResolvedCacheOptions {
  const { memoryBytes = 67_108_864, ttlMs = 3_600_000, staleMs = 300_000, redis, now = Date.now } = options;
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes < 0)
    throw new RangeError(`memoryBytes must be an integer >= 0, got ${memoryBytes}`);
  positive('ttlMs', ttlMs);
  if (!(staleMs >= 0 && Number.isFinite(staleMs)))
    throw new RangeError(`staleMs must be a number >= 0, got ${staleMs}`);
  return { memoryBytes, ttlMs, staleMs, redis: redis && resolveRedis(redis), now };
}

function resolveRedis(options: RedisOptions): Required<RedisOptions> {
  const { url, keyPrefix = 'inferometer:', timeoutMs = 20, maxPendingBytes = 16_777_216 } = options;
  checkRedisUrl(url);
  positive('redis.timeoutMs', timeoutMs);
  if (!Number.isSafeInteger(maxPendingBytes) || maxPendingBytes < 1)
    throw new RangeError(`redis.maxPendingBytes must be an integer >= 1, got ${maxPendingBytes}`);
  return { url, keyPrefix, timeoutMs, maxPendingBytes };
}

/** @throws {RangeError} if it is no Redis URL; the message does not repeat it, for there may be a password in it */
export function checkRedisUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isRedis = parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:';
  if (isRedis && parsed.hostname !== '' && /^(\/\d*)?$/.test(parsed.pathname)) return;
  throw new RangeError('the Redis URL must be redis://[user:password@]host[:port][/database], or rediss://');
}

function positive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value)))
    throw new RangeError(`${name} must be a number > 0, got ${value}`);
}
