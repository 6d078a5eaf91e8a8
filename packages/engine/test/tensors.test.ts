import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@inferometer/core';
import {
  type InferOptions,
  loadModel,
  type Model,
  readModelDirectory,
  type TensorData,
  type Tensors,
  type TypedArray,
} from '@inferometer/engine';
import { describeWithParts, python } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const float32 = (dims: number[], data: number[]): TensorData => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});

const elements: Readonly<Record<string, TypedArray | string[]>> = {
  bool: Uint8Array.of(0, 1, 1, 0),
  int8: Int8Array.of(-128, 127, 0, -1),
  int16: Int16Array.of(-32768, 32767, 0, -1),
  int32: Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0, -1),
  int64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n),
  uint8: Uint8Array.of(0, 255, 1, 2),
  uint16: Uint16Array.of(0, 65535, 1, 2),
  uint32: Uint32Array.of(0, 2 ** 32 - 1, 1, 2),
  uint64: BigUint64Array.of(0n, 2n ** 64n - 1n, 1n, 2n),
  // 1, -2, the largest and the smallest number.
  float16: Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001),
  float32: Float32Array.of(1.5, -0, 3.4e38, 1e-45),
  float64: Float64Array.of(1.5, -0, 1.7e308, 5e-324),
  string: ['', 'é', '日本語', 'a\nb'],
};

describeWithParts('named tensors', ['python'], () => {
  let root: string;
  const open: Model[] = [];
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'inferometer-tensors-'));
    const { code, stderr } = await python([join(import.meta.dirname, 'make_tensor_models.py'), root]);
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    await Promise.all(open.map((model) => model.close()));
    rmSync(root, { recursive: true, force: true });
  });

  /** The model, loaded once, on one executor. */
  const loaded = new Map<string, Promise<Model>>();
  function model(name: string): Promise<Model> {
    const loading =
      loaded.get(name) ??
      loadModel(name, readModelDirectory(join(root, name)), createTelemetry(), { executors: 1, threads: 1 });
    if (!loaded.has(name)) void loading.then((it) => open.push(it));
    loaded.set(name, loading);
    return loading;
  }
  async function infer(name: string, tensors: Tensors, options?: InferOptions): Promise<Tensors> {
    return (await model(name)).infer(tensors, options);
  }

  test.each(Object.keys(elements))('%s goes through unchanged', async (type) => {
    const x = { type, dims: [2, 2], data: elements[type] as TensorData['data'] };
    expect(await infer(`identity_${type}`, { x })).toEqual({ y: x });
  });

  test('several inputs and outputs, some of them or all', async () => {
    const tensors = {
      a: float32([2, 2], [1, 2, 3, 4]),
      b: float32([2, 2], [10, 20, 30, 40]),
      count: { type: 'int64', dims: [2], data: BigInt64Array.of(7n, 8n) },
    };
    expect(await infer('sum_and_product', tensors)).toEqual({
      sum: float32([2, 2], [11, 22, 33, 44]),
      product: float32([2, 2], [10, 40, 90, 160]),
      copied: { type: 'int32', dims: [2], data: Int32Array.of(7, 8) },
    });
    expect(await infer('sum_and_product', tensors, { outputs: ['product'] })).toEqual({
      product: float32([2, 2], [10, 40, 90, 160]),
    });
  });

  test('scalars and empty tensors', async () => {
    expect(await infer('scalar', { x: float32([], [5]) })).toEqual({ y: float32([], [-5]) });
    expect(await infer('doubled', { x: float32([0, 3], []) })).toEqual({ y: float32([0, 3], []) });
  });

  test('a model with a tokenizer is run with tensors too', async () => {
    const dir = join(import.meta.dirname, '../../server/models/nickname-encoder');
    const encoder = await loadModel('encoder', readModelDirectory(dir), createTelemetry(), {
      executors: 1,
      threads: 1,
    });
    open.push(encoder);
    const wide = (...values: bigint[]): TensorData => ({
      type: 'int64',
      dims: [1, values.length],
      data: BigInt64Array.from(values),
    });
    const given = Object.fromEntries(
      encoder.inputs.map(({ name }) => [name, name === 'token_type_ids' ? wide(0n, 0n) : wide(1n, 1n)]),
    );
    const outputs = await encoder.infer(given);
    expect(Object.keys(outputs).sort()).toEqual(encoder.outputs.map((output) => output.name).sort());
  });

  test('requests that come together share runs, and each gets its own rows', async () => {
    const slow = await model('slow');
    const before = Array.from({ length: 40 }, (_, i) => {
      const rows = (i % 3) + 1;
      const data = Float32Array.from({ length: rows * 512 }, (_, at) => i * 1000 + at);
      return { rows, data };
    });
    const traces: number[] = [];
    const answers = await Promise.all(
      before.map(({ rows, data }) => slow.infer({ x: { type: 'float32', dims: [rows, 512], data } })),
    );
    answers.forEach(({ y }, i) => {
      const { rows, data } = before[i] as (typeof before)[number];
      // The chain moves each row 41 places around.
      const expected = Float32Array.from(data, (_, at) => {
        const row = Math.floor(at / 512);
        return data[row * 512 + (((at % 512) - 41 + 512) % 512)] as number;
      });
      expect(y?.dims).toEqual([rows, 512]);
      expect(y?.data).toEqual(expected);
      traces.push(i);
    });
    expect(traces).toHaveLength(40);
  });

  test('arrays stay their caller’s where executors are threads', async () => {
    const dir = readModelDirectory(join(root, 'slow'));
    const threads = await loadModel('threads', dir, createTelemetry(), {
      executors: 1,
      threads: 1,
      executorKind: 'worker',
    });
    open.push(threads);
    const data = Float32Array.from({ length: 512 }, (_, at) => at);
    const x = { type: 'float32', dims: [1, 512], data };
    const answers = await Promise.all(Array.from({ length: 8 }, () => threads.infer({ x })));
    expect(data).toHaveLength(512);
    for (const { y } of answers)
      expect(y?.data).toEqual(Float32Array.from(data, (_, at) => (at + 512 - 41) % 512));
  });

  test.each([
    ['cumulative', 'a batch by its name, whose rows depend on each other'],
    ['sequence_first', 'a first dimension that is no batch'],
  ])('%s: rows of different requests never meet (%s)', async (name) => {
    const it = await model(name);
    const one = (value: number): Tensors => ({ x: float32([2, 2], [value, value, value, value]) });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((value) => it.infer(one(value))));
    answers.forEach((answer, index) => {
      const value = index + 1;
      expect(answer).toEqual({ y: float32([2, 2], [value, value, 2 * value, 2 * value]) });
    });
  });

  test('a request that the model cannot run fails alone', async () => {
    const lookup = await model('lookup');
    const index = (...values: bigint[]): Tensors => ({
      index: { type: 'int64', dims: [values.length], data: BigInt64Array.from(values) },
    });
    const results = await Promise.allSettled([
      lookup.infer(index(0n)),
      lookup.infer(index(1n)),
      lookup.infer(index(99n)),
      lookup.infer(index(3n, 2n)),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[2]).toMatchObject({
      reason: { code: 'INVALID_INPUT', message: expect.stringMatching(/cannot run these inputs.*idx=99/) },
    });
    expect(results[3]).toMatchObject({ value: { row: float32([2, 2], [6, 7, 4, 5]) } });
  });

  const x = float32([1, 2], [1, 2]);
  const bad: readonly [what: string, name: string, tensors: Tensors, says: RegExp][] = [
    ['a missing input', 'identity_float32', {}, /^this input is missing/],
    ['an unknown input', 'identity_float32', { x, z: x }, /^the model has no such input, expected x/],
    ['an inherited name', 'identity_float32', { constructor: x } as Tensors, /no such input/],
    ['another type', 'identity_int64', { x }, /^expected int64, got float32/],
    [
      'another rank',
      'identity_float32',
      { x: float32([2], [1, 2]) },
      /^expected shape \[batch, width\], got \[2\]/,
    ],
    ['another fixed size', 'fixed', { x: float32([1, 2], [1, 2]) }, /^expected shape \[1, 3\], got \[1, 2\]/],
    ['too few elements', 'identity_float32', { x: float32([2, 2], [1]) }, /has 4 elements, got 1/],
    ['a negative size', 'identity_float32', { x: float32([-1, 2], [1, 2]) }, /^expected sizes from 0/],
    ['a giant size', 'identity_float32', { x: float32([2 ** 40, 2], [1]) }, /^expected sizes from 0/],
    [
      'sizes whose product is giant',
      'identity_float32',
      { x: float32([2 ** 31 - 1, 2 ** 31 - 1], [1]) },
      /too many elements/,
    ],
    ['half an element', 'identity_float32', { x: float32([0.5, 2], [1]) }, /^expected sizes from 0/],
    ['NaN', 'identity_float32', { x: float32([1, 2], [1, Number.NaN]) }, /finite numbers.*element 1/],
    [
      'an infinity in half precision',
      'identity_float16',
      { x: { type: 'float16', dims: [1, 1], data: Uint16Array.of(0x7c00) } },
      /finite numbers.*element 0/,
    ],
    [
      'the wrong array',
      'identity_float32',
      { x: { type: 'float32', dims: [1, 2], data: Float64Array.of(1, 2) } },
      /comes in a Float32Array, got Float64Array/,
    ],
    [
      'a bool of 2',
      'identity_bool',
      { x: { type: 'bool', dims: [1, 1], data: Uint8Array.of(2) } },
      /bools of 0 and 1/,
    ],
    [
      'half a surrogate pair',
      'identity_string',
      { x: { type: 'string', dims: [1, 1], data: ['\ud800'] } },
      /not valid Unicode/,
    ],
    ['a NUL', 'identity_string', { x: { type: 'string', dims: [1, 1], data: ['a\0b'] } }, /NUL character/],
  ];
  test.each(bad)('%s is refused', async (_what, name, tensors, says) => {
    await expect(infer(name, tensors)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(says),
    });
  });

  test('outputs that there are not, or that come twice, are refused', async () => {
    for (const outputs of [['z'], ['y', 'y']]) {
      await expect(infer('identity_float32', { x }, { outputs })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    }
  });

  test('NaN is let through if asked for', async () => {
    const nan = float32([1, 2], [Number.NaN, Number.POSITIVE_INFINITY]);
    expect(await infer('identity_float32', { x: nan }, { allowNonFinite: true })).toEqual({ y: nan });
  });

  test('a call that nobody waits for any more is not run', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(infer('identity_float32', { x }, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
