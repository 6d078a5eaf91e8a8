import { setTimeout as delay } from 'node:timers/promises';
import { describeWithParts, freePort, startRedis, waitFor } from '@inferometer/testkit';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CountedCaches, openCaches } from './counting.ts';

const numberOf = (key: number): number => Math.fround(Math.sin(key));

/** Lookups of Redis that found something, since the last look. */
function hitsOf({ lookups }: CountedCaches): () => number {
  let before = 0;
  return () => {
    const now = lookups['vectors.redis:hit'] ?? 0;
    const more = now - before;
    before = now;
    return more;
  };
}

/** Asks for vectors, some at a time, until it is told to stop. */
function startLoad(cache: CountedCaches, concurrency = 8) {
  let isOver = false;
  const times: number[] = [];
  const wrong: number[] = [];
  const loops = Array.from({ length: concurrency }, async (_, loop) => {
    for (let n = loop; !isOver; n += concurrency) {
      const key = n % 50;
      const start = performance.now();
      if ((await cache.vector(`load ${key}`, numberOf(key))) !== numberOf(key)) wrong.push(key);
      times.push(performance.now() - start);
      await delay(1);
    }
  });
  return {
    /** Times of lookups since the last call, ms. */
    times: () => times.splice(0),
    async stop() {
      isOver = true;
      await Promise.all(loops);
      expect(wrong).toEqual([]);
    },
  };
}

const told: string[] = [];
beforeEach(() => {
  told.length = 0;
  const note = (message: string): void => void told.push(message);
  const logger: DiagLogger = { error: note, warn: note, info: note, debug() {}, verbose() {} };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
  // Setting a logger is told of as well.
  told.length = 0;
});
afterEach(() => diag.disable());

describeWithParts('a Redis that fails', ['redis-server'], () => {
  test('is killed and started again in the middle of load: every answer is right, and it is used again by itself', async () => {
    await using first = await startRedis();
    await using cache = await openCaches({ memoryBytes: 0, redis: { url: first.url, timeoutMs: 200 } });
    const hits = hitsOf(cache);
    const load = startLoad(cache);
    await waitFor('hits', () => hits() > 100);
    load.times();
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    await waitFor('the breaker to open', () => cache.breakerState('vectors.redis') === 2);
    load.times();
    hits();
    const skipped = cache.lookups['vectors.redis:skipped'] ?? 0;
    const errors = cache.lookups['vectors.redis:error'] ?? 0;
    await waitFor(
      'lookups without Redis',
      () => (cache.lookups['vectors.redis:skipped'] ?? 0) > skipped + 500,
    );
    // Computing takes no time here: what lookups take is what a dead Redis costs. Wide, for other tests run beside.
    const dead = load.times().sort((a, b) => a - b);
    expect(dead[dead.length >> 1]).toBeLessThan(5);
    expect(hits()).toBe(0);
    expect(cache.lookups['vectors.redis:error'] ?? 0).toBe(errors);

    await using _second = await startRedis({ port: first.port });
    await waitFor('hits again', () => hits() > 100);
    expect(cache.breakerState('vectors.redis')).toBe(0);
    await load.stop();
    expect(told.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
    expect(told.filter((line) => line.includes('can be used again'))).toHaveLength(1);
  });

  test('hangs: those under way wait for the time limit once, others not at all, until it goes on', async () => {
    await using redis = await startRedis();
    await using cache = await openCaches({ memoryBytes: 0, redis: { url: redis.url, timeoutMs: 200 } });
    const hits = hitsOf(cache);
    const load = startLoad(cache);
    try {
      await waitFor('hits', () => hits() > 100);
      load.times();
      process.kill(redis.pid, 'SIGSTOP');
      await waitFor('the breaker to open', () => cache.breakerState('vectors.redis') > 0);
      const skipped = cache.lookups['vectors.redis:skipped'] ?? 0;
      // Through probes as well, which hang too.
      await waitFor(
        'lookups without Redis',
        () => (cache.lookups['vectors.redis:skipped'] ?? 0) > skipped + 2000,
      );
      // Three in a row open it: each of the eight loops has waited as often at most.
      expect(load.times().filter((ms) => ms >= 190).length).toBeLessThanOrEqual(8 * 3);
      hits();
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await waitFor('hits again', () => hits() > 100);
    await load.stop();
  });

  test('is not there at the start, and comes later', async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    await using cache = await openCaches({ memoryBytes: 0, redis: { url } });
    expect(await cache.vector('a', 1)).toBe(1);
    await waitFor('it to be told', () =>
      told.some((line) => line.includes(`127.0.0.1:${port} cannot be used`)),
    );
    await using _redis = await startRedis({ port });
    const hits = hitsOf(cache);
    await waitFor('a hit', async () => (await cache.vector('a', 1)) === 1 && hits() > 0);
  });

  test('refuses us: that is no answer either, and its password is not told', async () => {
    await using redis = await startRedis({ extraFlags: ['--requirepass', 'right'] });
    const url = `redis://:wrong-secret@127.0.0.1:${redis.port}`;
    await using cache = await openCaches({ memoryBytes: 0, redis: { url } });
    await waitFor('the breaker to open', async () => {
      expect(await cache.vector('a', 1)).toBe(1);
      return cache.breakerState('vectors.redis') > 0;
    });
    expect(await cache.vector('a', 2)).toBe(2);
    expect(told.join()).not.toContain('secret');
  });

  test('is not taken for dead when it was the event loop that hung', async () => {
    await using redis = await startRedis();
    await using cache = await openCaches({ memoryBytes: 0, redis: { url: redis.url, timeoutMs: 50 } });
    const hits = hitsOf(cache);
    await waitFor('a hit', async () => (await cache.vector('a', 1)) === 1 && hits() > 0);
    const before = cache.lookups['vectors.redis:error'] ?? 0;
    for (let i = 0; i < 5; i++) {
      const found = cache.vector('a', 2);
      // The lookup leaves at the end of this turn; then nothing is read for three times the limit.
      setImmediate(() => setImmediate(() => spin(150)));
      expect(await found).toBe(1);
    }
    expect(hits()).toBe(5);
    expect(cache.lookups['vectors.redis:error'] ?? 0).toBe(before);
  });
});

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
