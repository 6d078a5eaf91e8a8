import { createRandom } from '@inferometer/engine';
import { describeWithParts, type Redis as RedisServer, startRedis, waitFor } from '@inferometer/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CountedCaches, openCaches } from './counting.ts';

/** Without memory, so that every lookup asks Redis; a time limit that a busy machine does not miss. */
const open = (url: string, more: object = {}): ReturnType<typeof openCaches> =>
  openCaches({ memoryBytes: 0, redis: { url, timeoutMs: 500, ...more } });

/** Once lookups get through; each try is a key of its own. */
async function untilUp({ vector, lookups }: CountedCaches): Promise<void> {
  await waitFor('Redis to be asked', async () => {
    const before = lookups['vectors.redis:miss'] ?? 0;
    await vector(`up ${performance.now()}`);
    return (lookups['vectors.redis:miss'] ?? 0) > before;
  });
}

/** What a key's vector is, whoever computes it. */
const numberOf = (key: number): number => Math.fround(Math.sin(key));

describeWithParts('vectors in a real Redis', ['redis-server'], () => {
  let redis: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
  });
  afterAll(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  test('are shared by processes, bit for bit, under a prefix and with a time to live', async () => {
    await using one = await open(redis.url, { keyPrefix: 'shared:' });
    await using other = await open(redis.url, { keyPrefix: 'shared:' });
    await using apart = await open(redis.url, { keyPrefix: 'apart:' });
    await Promise.all([untilUp(one), untilUp(other), untilUp(apart)]);
    const vector = Float32Array.of(0.1, -0, Number.MIN_VALUE, 3.4e38, Number.NaN);
    const compute = async (): Promise<Float32Array[]> => [vector];
    const call = { compute, refresh: compute };
    await one.caches.vectors.resolve(['bits'], call);
    await waitFor('the write', () => client.exists('shared:vectors:bits'));
    const { values, summary } = await other.caches.vectors.resolve(['bits'], call);
    expect(summary).toMatchObject({ hits: 1, misses: 0 });
    expect(new Uint8Array((values[0] as Float32Array).buffer)).toEqual(new Uint8Array(vector.buffer));
    expect((await apart.caches.vectors.resolve(['bits'], call)).summary.misses).toBe(1);
    const left = await client.pttl('shared:vectors:bits');
    expect(left).toBeGreaterThan(3_600_000);
    expect(left).toBeLessThanOrEqual(3_900_000);
  });

  test('all lookups of one turn of the event loop are one command', async () => {
    await using cache = await open(redis.url);
    await untilUp(cache);
    const gets = async (): Promise<number> =>
      Number(/cmdstat_mget:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
    const before = await gets();
    await Promise.all(Array.from({ length: 100 }, (_, key) => cache.vector(`turn ${key}`)));
    expect(await gets()).toBe(before + 1);
  });

  test('come back from memory first, which Redis fills', async () => {
    await using writer = await open(redis.url);
    await untilUp(writer);
    await writer.vector('tiers', 6);
    await waitFor('the write', () => client.exists('inferometer:vectors:tiers'));
    await using reader = await openCaches({ redis: { url: redis.url, timeoutMs: 500 } });
    await untilUp(reader);
    expect([await reader.vector('tiers'), await reader.vector('tiers')]).toEqual([6, 6]);
    expect(reader.lookups).toMatchObject({ 'vectors.memory:hit': 1, 'vectors.redis:hit': 1 });
  });

  test('are never wrong: one that was changed, cut, or stored under another key is a miss and an error', async () => {
    await using cache = await open(redis.url);
    await untilUp(cache);
    const random = createRandom(3);
    const keys = Array.from({ length: 200 }, (_, key) => key);
    await Promise.all(keys.map((key) => cache.vector(`good ${key}`, numberOf(key))));
    const nameOf = (key: number): string => `inferometer:vectors:good ${key}`;
    await waitFor('the writes', async () => (await client.exists(...keys.map(nameOf))) === keys.length);
    for (const key of keys) {
      const bytes = (await client.getBuffer(nameOf(key))) as Buffer;
      const at = Math.floor(random() * bytes.length);
      const broken = [
        () => Buffer.from(bytes).fill((bytes[at] as number) ^ (1 << Math.floor(random() * 8)), at, at + 1),
        () => bytes.subarray(0, at),
        () => Buffer.concat([bytes, Buffer.alloc(4)]),
        () => Buffer.from('not ours'),
      ][key % 4]?.() as Buffer;
      await client.set(nameOf(key), broken);
    }
    expect(cache.lookups['vectors.redis:error']).toBeUndefined();
    const values = await Promise.all(keys.map((key) => cache.vector(`good ${key}`, numberOf(key))));
    expect(values).toEqual(keys.map(numberOf));
    expect(cache.lookups['vectors.redis:error']).toBe(keys.length);
    // They were written anew, and a good one under another's key is none either.
    await waitFor('a good one', async () => ((await client.getBuffer(nameOf(1)))?.length ?? 0) === 28);
    await client.copy(nameOf(1), nameOf(2), 'REPLACE');
    expect(await cache.vector('good 2', 2)).toBe(2);
    // Of the length that another model would give: not one of these.
    const compute = async (): Promise<Float32Array[]> => [Float32Array.of(1, 2, 3)];
    const call = { compute, refresh: compute, isValid: (vector: Float32Array) => vector.length === 3 };
    expect((await cache.caches.vectors.resolve(['good 3'], call)).summary.misses).toBe(1);
    expect(cache.lookups['vectors.redis:error']).toBe(keys.length + 2);
  });

  test('that are stale are served and computed anew, by one process for all', async () => {
    let now = Date.now();
    const options = { ttlMs: 60_000, staleMs: 600_000, now: () => now, memoryBytes: 0 };
    await using cache = await openCaches({ ...options, redis: { url: redis.url, timeoutMs: 500 } });
    await untilUp(cache);
    await cache.vector('aging', 1);
    await waitFor('the write', () => client.exists('inferometer:vectors:aging'));
    now += 61_000;
    expect(await cache.vector('aging', 2)).toBe(1);
    expect(cache.lookups['vectors.redis:stale']).toBe(1);
    await waitFor('the new one', async () => (await cache.vector('aging', 3)) === 2);
    expect(cache.computed()).toBeGreaterThanOrEqual(2);
  });

  test('writes over the limit are dropped and counted, not heaped up', async () => {
    await using cache = await open(redis.url, { maxPendingBytes: 1000 });
    await untilUp(cache);
    const writes = (result: string): number => cache.writes[`vectors.redis:${result}`] ?? 0;
    await waitFor('earlier writes', () => writes('ok') + writes('dropped') === cache.computed());
    const before = { ok: writes('ok'), dropped: writes('dropped') };
    const keys = Array.from({ length: 100 }, (_, key) => `many ${key}`);
    const compute = async (indices: readonly number[]): Promise<Float32Array[]> =>
      indices.map((index) => Float32Array.of(index));
    await cache.caches.vectors.resolve(keys, { compute, refresh: compute });
    // A header of 24 bytes and a number.
    const fitting = Math.floor(1000 / 28);
    await waitFor('the writes', () => writes('ok') === before.ok + fitting);
    expect(writes('dropped')).toBe(before.dropped + keys.length - fitting);
  });
});
