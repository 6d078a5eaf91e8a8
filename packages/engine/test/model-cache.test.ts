import {
  copyFileSync,
  existsSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createTelemetry } from '@inferometer/core';
import { type EmbeddingModel, type Encoded, loadModel, readModelDirectory } from '@inferometer/engine';
import { describeWithParts, python, type TempDir, tempDir, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const encoder = join(import.meta.dirname, '../../server/models/nickname-encoder');
const texts = [[5], [7, 300, 12]].map((ids): Encoded => ({ ids: Int32Array.from(ids), isCut: false }));

interface Run {
  readonly fromCache: readonly boolean[];
  readonly vectors: number[][];
}

vi.setConfig({ testTimeout: 180_000 });

describeWithParts('optimised graphs on disk', ['python'], () => {
  let root: TempDir;
  let cacheCount = 0;
  beforeAll(async () => {
    root = await tempDir('model-cache');
    for (const [name, ...how] of [['whole'], ['parts', 'external']] as const) {
      const dir = root.file(name);
      const { code, stderr } = await python([join(import.meta.dirname, 'make_big_graph.py'), dir, ...how]);
      expect(code, stderr).toBe(0);
      copyFileSync(join(encoder, 'tokenizer.json'), join(dir, 'tokenizer.json'));
    }
  });
  afterAll(() => root[Symbol.asyncDispose]());

  const newCache = (): string => root.file(`cache-${cacheCount++}`);
  const entries = (cache: string): string[] =>
    existsSync(cache) ? readdirSync(cache).filter((name) => /^[0-9a-f]{40}$/.test(name)) : [];

  /** Loads a model, runs it, and closes it when `until` is true. */
  async function run(name: string, modelCacheDir: string, until: () => unknown = () => true): Promise<Run> {
    const options = { executors: 2, threads: 1, warmUpMs: 0, modelCacheDir };
    const model = await loadModel(name, readModelDirectory(root.file(name)), createTelemetry(), options);
    try {
      const vectors = await (model as EmbeddingModel).embed(texts);
      // It is made by a process of the lowest priority: where all cores are busy, it takes its time.
      await waitFor('the cache', until, { timeoutMs: 100_000 });
      return {
        fromCache: model.loads.map(({ fromCache }) => fromCache),
        vectors: vectors.map((vector) => [...vector]),
      };
    } finally {
      await model.close();
    }
  }

  test.each(['whole', 'parts'])(
    'the second start takes it, with the same vectors; a graph that changes is another one (%s)',
    async (name) => {
      const cache = newCache();
      const first = await run(name, cache, () => entries(cache).length === 1);
      expect(first.fromCache).toEqual([false, false]);
      const second = await run(name, cache);
      expect(second.fromCache).toEqual([true, true]);
      expect(second.vectors).toEqual(first.vectors);
      // Nothing is left of its making.
      expect(readdirSync(cache)).toEqual(entries(cache));
      const weights = root.file(name === 'whole' ? 'whole/model.onnx' : 'parts/model.onnx_data');
      utimesSync(weights, new Date(), new Date());
      const changed = await run(name, cache, () => entries(cache).length === 2);
      expect(changed.fromCache).toEqual([false, false]);
    },
  );

  test.each<[string, (entry: string) => void]>([
    ['weights cut short', (entry) => truncateSync(join(entry, 'model.onnx.data'), 1_000_000)],
    [
      'a graph of other bytes',
      (entry) => {
        const graph = join(entry, 'model.onnx');
        writeFileSync(graph, Buffer.alloc(statSync(graph).size, 7));
      },
    ],
    ['half a manifest', (entry) => truncateSync(join(entry, 'manifest.json'), 10)],
  ])('%s: the original is taken, and the entry made anew', async (_what, spoil) => {
    const cache = newCache();
    const first = await run('whole', cache, () => entries(cache).length === 1);
    const [name = ''] = entries(cache);
    spoil(join(cache, name));
    const again = await run('whole', cache, () => existsSync(join(cache, name, 'manifest.json')));
    expect(again.vectors).toEqual(first.vectors);
    expect(again.fromCache).toContain(false);
    expect((await run('whole', cache)).fromCache).toEqual([true, true]);
  });

  test('a place that cannot be written is no harm', async () => {
    const file = root.file('a-file');
    writeFileSync(file, '');
    const { fromCache } = await run('whole', join(file, 'below'));
    expect(fromCache).toEqual([false, false]);
  });

  test('several who make it at once make it once', async () => {
    const cache = newCache();
    const all = await Promise.all([1, 2].map(() => run('whole', cache, () => entries(cache).length === 1)));
    expect(all.flatMap(({ fromCache }) => fromCache)).toEqual([false, false, false, false]);
    await waitFor('the last of them to be done', () => readdirSync(cache).join() === entries(cache).join());
    expect((await run('whole', cache)).fromCache).toEqual([true, true]);
  });
});

test('small graphs are not kept: there is nothing to gain', async () => {
  await using root = await tempDir('small-cache');
  const options = { executors: 1, modelCacheDir: root.path };
  const model = await loadModel('small', readModelDirectory(encoder), createTelemetry(), options);
  await model.close();
  expect(readdirSync(root.path)).toEqual([]);
});
