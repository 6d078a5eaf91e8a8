import { InferometerError, monoNow } from '@inferometer/core';
import { expect, test } from 'vitest';
import { openCaches } from './counting.ts';

/** Work that ends when it is told to, and follows its request's signal. */
function createWork() {
  const runs: { end(value: number): void; fail(error: Error): void }[] = [];
  return {
    runs,
    call(signal?: AbortSignal) {
      const compute = (): Promise<Float32Array[]> =>
        new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new InferometerError('CANCELLED', 'gone')));
          runs.push({ end: (value) => resolve([Float32Array.of(value)]), fail: reject });
        });
      return { compute, refresh: compute, signal };
    },
  };
}

/** Lets all promises that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('of 1,000 at the same time one runs, and all get the same', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const all = Array.from({ length: 1000 }, () => cache.caches.vectors.resolve(['a'], work.call()));
  await settled();
  expect(work.runs).toHaveLength(1);
  work.runs[0]?.end(5);
  const results = await Promise.all(all);
  expect(new Set(results.map(({ values }) => values[0]?.[0]))).toEqual(new Set([5]));
  expect(cache.lookups).toEqual({ 'vectors.memory:miss': 1, 'vectors.memory:coalesced': 999 });
});

test('one that waits can leave without the others', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const { vectors } = cache.caches;
  const leaving = new AbortController();
  const first = vectors.resolve(['a'], work.call());
  const second = vectors.resolve(['a'], work.call(leaving.signal));
  const third = vectors.resolve(['a'], work.call());
  leaving.abort();
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  work.runs[0]?.end(5);
  expect((await first).values[0]?.[0]).toBe(5);
  expect((await third).values[0]?.[0]).toBe(5);
});

test('each keeps its own deadline', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const { vectors } = cache.caches;
  const first = vectors.resolve(['a'], work.call());
  const hasty = vectors.resolve(['a'], { ...work.call(), deadline: monoNow() + 20 });
  const late = vectors.resolve(['a'], { ...work.call(), deadline: monoNow() - 1 });
  const patient = vectors.resolve(['a'], { ...work.call(), deadline: monoNow() + 1e12 });
  for (const one of await Promise.allSettled([hasty, late]))
    expect(one).toMatchObject({ reason: { code: 'DEADLINE_EXCEEDED' } });
  work.runs[0]?.end(5);
  expect((await first).values[0]?.[0]).toBe(5);
  expect((await patient).values[0]?.[0]).toBe(5);
  expect(work.runs).toHaveLength(1);
});

test('when the one that runs it leaves, the next one takes over; when all have left, nothing is kept', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const { vectors } = cache.caches;
  const leaving = Array.from({ length: 4 }, () => new AbortController());
  const all = leaving.map(({ signal }) => vectors.resolve(['a'], work.call(signal)));
  const ended = Promise.allSettled(all);
  leaving[0]?.abort();
  await settled();
  expect(work.runs).toHaveLength(2);
  leaving[1]?.abort();
  await settled();
  expect(work.runs).toHaveLength(3);
  work.runs[2]?.end(7);
  expect((await ended).map((one) => one.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
  const values = (await Promise.all(all.slice(2))).map((one) => one.values[0]?.[0]);
  expect(values).toEqual([7, 7]);

  const last = new AbortController();
  const alone = vectors.resolve(['b'], work.call(last.signal));
  last.abort();
  await expect(alone).rejects.toMatchObject({ code: 'CANCELLED' });
  const next = vectors.resolve(['b'], work.call());
  await settled();
  work.runs.at(-1)?.end(8);
  expect((await next).values[0]?.[0]).toBe(8);
});

test('a refusal is the verdict on one request: the others try themselves', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const { vectors } = cache.caches;
  const first = vectors.resolve(['a'], work.call());
  const second = vectors.resolve(['a'], work.call());
  work.runs[0]?.fail(new InferometerError('OVERLOADED', 'too much of this tenant'));
  await expect(first).rejects.toMatchObject({ code: 'OVERLOADED' });
  await settled();
  work.runs[1]?.end(3);
  expect((await second).values[0]?.[0]).toBe(3);
});

test('a failed run fails all who waited for it, and is not kept', async () => {
  await using cache = await openCaches({});
  const work = createWork();
  const { vectors } = cache.caches;
  const all = Array.from({ length: 3 }, () => vectors.resolve(['a'], work.call()));
  work.runs[0]?.fail(new InferometerError('RUN_FAILED', 'NaN'));
  for (const one of await Promise.allSettled(all)) expect(one).toMatchObject({ reason: { message: 'NaN' } });
  expect(work.runs).toHaveLength(1);
  const next = vectors.resolve(['a'], work.call());
  await settled();
  work.runs[1]?.end(4);
  expect((await next).values[0]?.[0]).toBe(4);
});

test('requests that overlap run each input once, and the same input twice in one request once', async () => {
  await using cache = await openCaches({});
  const { vectors } = cache.caches;
  const computed: string[] = [];
  const ask = async (keys: readonly string[]): Promise<string> => {
    const compute = async (indices: readonly number[]): Promise<Float32Array[]> => {
      await settled();
      return indices.map((index) => {
        computed.push(keys[index] as string);
        return Float32Array.of((keys[index] as string).charCodeAt(0));
      });
    };
    const { values } = await vectors.resolve(keys, { compute, refresh: compute });
    return String.fromCharCode(...values.map((value) => value[0] as number));
  };
  const asked = ['abca', 'cbd', 'dde', 'abcde', 'f'];
  expect(await Promise.all(asked.map((keys) => ask([...keys])))).toEqual(asked);
  expect(computed.sort().join('')).toBe('abcdef');
});
