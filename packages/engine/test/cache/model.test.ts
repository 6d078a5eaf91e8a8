import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry, type OpenRequest } from '@inferometer/core';
import {
  type CacheSummary,
  createCaches,
  createRandom,
  type EmbeddingModel,
  type Encoded,
  fingerprintOf,
  loadModel,
  readModelDirectory,
} from '@inferometer/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCounting } from './counting.ts';

const encoder = join(import.meta.dirname, '../../../server/models/nickname-encoder');
const options = { executors: 1, threads: 1 } as const;

let bare: EmbeddingModel;
beforeAll(async () => {
  const directory = readModelDirectory(encoder);
  bare = (await loadModel('bare', directory, createTelemetry(), options)) as EmbeddingModel;
});
afterAll(() => bare?.close());

/** The model with a cache before it, and what was told of it. */
async function withCache(memoryBytes = 10_000_000) {
  const counting = startCounting();
  const caches = await createCaches({ memoryBytes }, counting.telemetry.observer);
  const directory = readModelDirectory(encoder);
  const model = (await loadModel('cached', directory, counting.telemetry, options, caches)) as EmbeddingModel;
  const open = (): OpenRequest => counting.telemetry.openRequest({ method: 'POST', path: '/embed' });
  return { ...counting, model, open, [Symbol.asyncDispose]: () => model.close() };
}

const textsOf = (...texts: string[]): Encoded[] => texts.map((text) => bare.tokenizer.encode(text, 128));
const bytesOf = (vector: Float32Array | undefined): string =>
  Buffer.from(
    Uint8Array.from(new Uint8Array((vector as Float32Array).buffer, vector?.byteOffset, vector?.byteLength)),
  ).toString('hex');

test('gives the same bits as the model alone, one by one, whether computed or found', async () => {
  await using cached = await withCache();
  for (const text of ['I could sleep all day', 'a', '졸려요', 'x '.repeat(200)]) {
    for (const normalize of [undefined, false, true]) {
      const [alone] = await bare.embed(textsOf(text), { normalize });
      const [computed] = await cached.model.embed(textsOf(text), { normalize });
      const [found] = await cached.model.embed(textsOf(text), { normalize });
      expect([computed, found].map(bytesOf)).toEqual([bytesOf(alone), bytesOf(alone)]);
    }
  }
  // Scaled by default: two kinds of vectors for each of the four texts.
  expect(cached.lookups).toMatchObject({ 'vectors.memory:miss': 8, 'vectors.memory:hit': 16 });
});

test('puts what it finds and what it runs together in order', async () => {
  await using cached = await withCache();
  const random = createRandom(11);
  const words = Array.from({ length: 40 }, (_, n) => `mood number ${n}`);
  const alone = new Map<string, Float32Array>();
  for (const word of words) alone.set(word, (await bare.embed(textsOf(word)))[0] as Float32Array);
  const requests = Array.from({ length: 60 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 12) }, () => words[Math.floor(random() * 40)] as string),
  );
  await Promise.all(
    requests.map(async (texts) => {
      const vectors = await cached.model.embed(textsOf(...texts));
      expect(vectors).toHaveLength(texts.length);
      vectors.forEach((vector, index) => {
        const expected = alone.get(texts[index] as string) as Float32Array;
        vector.forEach((value, k) => {
          // Padding in a batch changes the last bits.
          expect(Math.abs(value - (expected[k] as number))).toBeLessThan(1e-5);
        });
      });
    }),
  );
  const run = cached.batches.reduce((sum, size) => sum + size, 0);
  expect(run).toBe(new Set(requests.flat()).size);
});

test('what a caller does with its vectors does not reach the cache', async () => {
  await using cached = await withCache();
  const embed = async (): Promise<Float32Array> =>
    (await cached.model.embed(textsOf('mine')))[0] as Float32Array;
  const [leader, follower] = await Promise.all([embed(), embed()]);
  const before = bytesOf(leader);
  leader?.fill(0);
  follower?.fill(1);
  (await embed()).fill(2);
  expect(bytesOf(await embed())).toBe(before);
  expect(cached.batches).toEqual([1]);
});

test('1,000 identical requests at the same time run once; those that wait do so in the queue, without device time', async () => {
  await using cached = await withCache();
  const [text] = textsOf('all at once') as [Encoded];
  const opened = Array.from({ length: 1000 }, () => cached.open());
  const summaries: CacheSummary[] = [];
  await Promise.all(
    opened.map(({ trace }) =>
      cached.model.embed([text], { trace, onCache: (summary) => void summaries.push(summary) }),
    ),
  );
  expect(cached.batches).toEqual([1]);
  const records = opened.map((one) => one.close({ status: 200 }));
  const phasesOf = (record: (typeof records)[number] | undefined): string[] =>
    (record?.totals ?? []).map(({ name }) => name).filter((name) => name !== 'unattributed');
  expect(phasesOf(records[0])).toEqual(expect.arrayContaining(['queue', 'batch', 'run', 'postprocess']));
  expect(records[0]?.deviceMs).toBeGreaterThan(0);
  for (const record of records.slice(1)) {
    expect(phasesOf(record)).toEqual(['queue', 'postprocess']);
    expect(record).toMatchObject({ deviceMs: 0, batches: [], iterations: 0 });
    const sum = record.totals.reduce((total, { durationUs }) => total + durationUs, 0);
    expect(sum).toBe(record.totalUs);
  }
  expect(summaries.filter(({ misses }) => misses === 1)).toHaveLength(1);
  expect(summaries.filter(({ coalesced }) => coalesced === 1)).toHaveLength(999);
});

test('a request that waits lives on when the one that runs its text is cancelled', async () => {
  await using cached = await withCache();
  const leaving = new AbortController();
  const [text] = textsOf('who runs this') as [Encoded];
  const first = cached.model.embed([text], { signal: leaving.signal });
  const opened = cached.open();
  const second = cached.model.embed([text], { trace: opened.trace });
  leaving.abort();
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(bytesOf((await second)[0])).toBe(bytesOf((await bare.embed([text]))[0]));
  // It has run in the name of the one that was left.
  expect(opened.close({ status: 200 }).deviceMs).toBeGreaterThan(0);
});

test('no-cache runs anew and keeps the result, no-store does neither', async () => {
  await using cached = await withCache();
  const ask = (cache?: 'use' | 'refresh' | 'off'): Promise<Float32Array[]> =>
    cached.model.embed(textsOf('again'), { cache });
  await ask('off');
  expect(cached.held('vectors.memory').entries).toBe(0);
  await ask('refresh');
  await ask('refresh');
  expect(cached.batches).toHaveLength(3);
  await ask();
  expect(cached.batches).toHaveLength(3);
});

test('two models in one cache never mix, two directories of the same content are one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'inferometer-cache-'));
  try {
    const same = join(root, 'same');
    cpSync(encoder, same, { recursive: true });
    const other = join(root, 'other');
    cpSync(encoder, other, { recursive: true });
    copyFileSync(join(encoder, 'model_int8.onnx'), join(other, 'model.onnx'));
    const of = (path: string): Promise<string> => fingerprintOf(readModelDirectory(path));
    const original = await of(encoder);
    expect(await of(same)).toBe(original);
    expect(await of(other)).not.toBe(original);
    expect(await of(join(encoder, 'model_int8.onnx'))).not.toBe(original);
    // Files beside it matter if they say what it does, or the graph names them.
    writeFileSync(join(same, 'notes.bin'), 'nobody asks for this');
    expect(await of(same)).toBe(original);
    writeFileSync(join(same, 'adjectives.json'), '{}');
    expect(await of(same)).not.toBe(original);

    const { telemetry } = startCounting();
    const caches = await createCaches({}, telemetry.observer);
    const load = async (path: string): Promise<EmbeddingModel> =>
      (await loadModel('m', readModelDirectory(path), telemetry, options, caches)) as EmbeddingModel;
    await using models = new AsyncDisposableStack();
    const [fp32, int8] = [await load(encoder), await load(other)];
    for (const model of [fp32, int8]) models.defer(() => model.close());
    const [text] = textsOf('the same tokens') as [Encoded];
    const [a, b] = [await fp32.embed([text]), await int8.embed([text])];
    expect(bytesOf(a[0])).not.toBe(bytesOf(b[0]));
    expect(bytesOf((await fp32.embed([text]))[0])).toBe(bytesOf(a[0]));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('weights outside of the graph belong to the fingerprint', async () => {
  const root = mkdtempSync(join(tmpdir(), 'inferometer-cache-'));
  try {
    cpSync(encoder, root, { recursive: true });
    // As the ONNX format has it: the name stands in the graph's bytes.
    writeFileSync(join(root, 'model.onnx'), `${'x'.repeat((1 << 20) - 7)}weights.bin${'x'.repeat(100)}`);
    writeFileSync(join(root, 'weights.bin'), 'one');
    const of = (): Promise<string> => fingerprintOf(readModelDirectory(root));
    const before = await of();
    writeFileSync(join(root, 'weights.bin'), 'two');
    expect(await of()).not.toBe(before);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
