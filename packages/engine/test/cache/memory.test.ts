import { InferometerError } from '@inferometer/core';
import { type CacheOptions, createRandom } from '@inferometer/engine';
import { waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { openCaches } from './counting.ts';

test('keeps to its bytes, and drops what was not asked for longest: the same as a plain LRU list', async () => {
  const random = createRandom(7);
  const memoryBytes = 40_000;
  await using cache = await openCaches({ memoryBytes });
  /** Bytes by key, least recently used first. */
  const list = new Map<string, number>();
  let overhead = Number.NaN;
  let hits = 0;
  for (let step = 0; step < 5000; step++) {
    const key = `k${Math.floor(random() ** 2 * 60)}`;
    // Some are larger than all the room: they are computed each time, and cost nobody their place.
    const length = random() < 0.02 ? 20_000 : 1 + Math.floor(random() * 1000);
    const value = new Float32Array(length);
    let isComputed = false;
    const compute = async (): Promise<Float32Array[]> => {
      isComputed = true;
      return [value];
    };
    await cache.caches.vectors.resolve([key], { compute, refresh: compute });
    expect(isComputed, `step ${step}`).toBe(!list.has(key));
    const known = list.get(key);
    if (known !== undefined) hits++;
    if (Number.isNaN(overhead)) overhead = cache.held('vectors.memory').bytes - value.byteLength;
    const bytes = known ?? value.byteLength + overhead;
    if (bytes <= memoryBytes) {
      list.delete(key);
      const sum = (): number => [...list.values()].reduce((total, one) => total + one, 0);
      while (sum() + bytes > memoryBytes) list.delete([...list.keys()][0] as string);
      list.set(key, bytes);
    }
    const held = cache.held('vectors.memory');
    expect(held.bytes).toBeLessThanOrEqual(memoryBytes);
    expect(held).toMatchObject({
      bytes: [...list.values()].reduce((total, one) => total + one, 0),
      entries: list.size,
    });
  }
  expect(hits).toBeGreaterThan(500);
  expect(cache.evictions['vectors.memory:size']).toBeGreaterThan(500);
  expect(cache.lookups).toMatchObject({ 'vectors.memory:hit': hits, 'vectors.memory:miss': 5000 - hits });
});

test('serves an entry fresh, then stale while it is computed anew once, then not at all', async () => {
  let now = 1_000_000;
  await using cache = await openCaches({ ttlMs: 1000, staleMs: 500, now: () => now });
  const { lookups, vector, computed } = cache;
  expect(await vector('a', 1)).toBe(1);
  now += 999;
  expect(await vector('a', 2)).toBe(1);
  expect(computed()).toBe(1);
  now += 1;
  // All who come while it is being computed anew get the old one.
  expect(await Promise.all([vector('a', 2), vector('a', 3), vector('a', 4)])).toEqual([1, 1, 1]);
  await waitFor('the new value', async () => (await vector('a', 9)) === 2);
  expect(computed()).toBe(2);
  expect(lookups['vectors.memory:stale']).toBe(3);
  now += 1500;
  expect(await vector('a', 5)).toBe(5);
  expect(cache.evictions).toEqual({ 'vectors.memory:expired': 1 });
});

test('goes on with a stale entry while it cannot be computed anew', async () => {
  let now = 0;
  await using cache = await openCaches({ ttlMs: 1000, staleMs: 500, now: () => now });
  await cache.vector('a', 1);
  now = 1200;
  let refused = 0;
  for (let i = 0; i < 3; i++) {
    const { values, summary } = await cache.caches.vectors.resolve(['a'], {
      compute: () => Promise.reject(new Error('not to be asked')),
      refresh() {
        refused++;
        return Promise.reject(new InferometerError('OVERLOADED', 'the queue is full'));
      },
    });
    expect(values[0]).toEqual(Float32Array.of(1));
    expect(summary).toMatchObject({ stale: 1, hits: 0, misses: 0 });
  }
  expect(refused).toBe(3);
});

test('vectors and answers of the same key never mix', async () => {
  await using cache = await openCaches({});
  await cache.vector('same', 1);
  const { value, summary } = await cache.caches.responses.answer('same', async () => ({ text: 'an answer' }));
  expect(value).toEqual({ text: 'an answer' });
  expect(summary.misses).toBe(1);
  expect(await cache.vector('same', 2)).toBe(1);
});

test('an answer comes back as it would have come through JSON, a failed one is computed again', async () => {
  await using cache = await openCaches({});
  const { responses } = cache.caches;
  const failing = (): Promise<never> => Promise.reject(new InferometerError('RUN_FAILED', 'no luck'));
  await expect(responses.answer(['a', 1], failing)).rejects.toThrow('no luck');
  const first = await responses.answer(['a', 1], async () => ({ text: 'é😀', left: undefined }));
  const again = await responses.answer(['a', 1], failing);
  expect(first.value).toEqual({ text: 'é😀' });
  expect(again.value).toEqual(first.value);
  expect(again.value).not.toBe(first.value);
  expect(again.summary.hits).toBe(1);
  expect((await responses.answer(['a', 1], async () => 'anew', { mode: 'refresh' })).value).toBe('anew');
  expect((await responses.answer(['a', 1], failing)).value).toBe('anew');
});

test.each<[CacheOptions, RegExp]>([
  [{ memoryBytes: -1 }, /memoryBytes must be an integer >= 0, got -1/],
  [{ ttlMs: 0 }, /ttlMs must be a number > 0, got 0/],
  [{ staleMs: Number.NaN }, /staleMs must be a number >= 0, got NaN/],
  [{ redis: { url: 'http://user:secret@host' } }, /^(?!.*secret).*the Redis URL must be redis:/],
  [{ redis: { url: 'redis://h', timeoutMs: 0 } }, /redis.timeoutMs must be a number > 0, got 0/],
])('%o is refused', async (options, message) => {
  await expect(openCaches(options)).rejects.toThrow(message);
});
