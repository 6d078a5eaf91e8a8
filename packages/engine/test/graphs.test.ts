import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@inferometer/core';
import {
  type EmbeddingModel,
  type Encoded,
  loadModel,
  type ModelOptions,
  readModelDirectory,
} from '@inferometer/engine';
import { describeWithParts, python } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const width = 4;
const encoder = join(import.meta.dirname, '../../server/models/nickname-encoder');
const texts = [[5], [7, 300, 12], [1, 2, 3, 4, 5, 6, 7], [3999, 0]];

/** What the rule of make_graphs.py says: component k of the vector of a token. */
const component = (token: number, k: number): number => Math.sin(0.1 * token + k);
const mean = (ids: readonly number[], k: number): number =>
  ids.reduce((sum, id) => sum + component(id, k), 0) / ids.length;

describeWithParts('graphs that differ in what they take and give', ['python'], () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'inferometer-graphs-'));
    const { code, stderr } = await python([join(import.meta.dirname, 'make_graphs.py'), root]);
    expect(code, stderr).toBe(0);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** The vectors of the texts as the graph and the pooling made them. */
  async function vectorsOf(name: string, options: ModelOptions = {}): Promise<number[][]> {
    const dir = join(root, name);
    copyFileSync(join(encoder, 'tokenizer.json'), join(dir, 'tokenizer.json'));
    writeFileSync(join(dir, 'modules.json'), JSON.stringify([{ type: 'Transformer' }, { type: 'Pooling' }]));
    const model = await loadModel(name, readModelDirectory(dir), createTelemetry(), {
      executors: 1,
      threads: 1,
      ...options,
    });
    try {
      const encoded = texts.map((ids): Encoded => ({ ids: Int32Array.from(ids), isCut: false }));
      const { embed } = model as EmbeddingModel;
      const [together, ...alone] = await Promise.all([
        embed(encoded),
        ...encoded.map((text) => embed([text])),
      ]);
      alone.forEach(([vector], index) => {
        expect([...(vector as Float32Array)]).toEqual([...(together[index] as Float32Array)]);
      });
      return together.map((vector) => [...vector]);
    } finally {
      await model.close();
    }
  }

  function expectVectors(
    vectors: number[][],
    rule: (ids: readonly number[], k: number) => number,
    digits = 5,
  ): void {
    expect(vectors).toHaveLength(texts.length);
    texts.forEach((ids, row) => {
      expect(vectors[row]).toHaveLength(width);
      vectors[row]?.forEach((value, k) => {
        expect(value).toBeCloseTo(rule(ids, k), digits);
      });
    });
  }

  test.each(['ids_only', 'odd_name', 'int32', 'fixed_shape'])('%s', async (name) => {
    expectVectors(await vectorsOf(name), mean);
  });

  test('float16 outputs', async () => {
    expectVectors(await vectorsOf('fp16'), mean, 3);
  });

  test('position_ids count from 0 in each row', async () => {
    expectVectors(await vectorsOf('positions'), (ids, k) => mean(ids, k) + (ids.length - 1) / 2);
  });

  test('a sentence vector that the graph makes itself is taken as it is', async () => {
    // One text a batch: this graph pools over padding too.
    const vectors = await vectorsOf('pooled', { maxBatchSize: 1 });
    expectVectors(vectors, (ids, k) => Math.max(...ids.map((id) => component(id, k))));
  });

  test('an input that no text has is refused by name', async () => {
    await expect(vectorsOf('pictures')).rejects.toThrow(
      /pictures\/model\.onnx cannot be loaded: input "pixel_values" is unknown, expected input_ids/,
    );
  });
});
