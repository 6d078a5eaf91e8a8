import type { TensorInfo } from '../executor/protocol.ts';
import { halfToNumber, numberToHalf } from './half.ts';
import { joinRows, splitRows } from './rows.ts';
import { type TensorData, type Tensors, tensorArrays } from './types.ts';

/** Random numbers that are the same each time (mulberry32), in [0, 1). */
export function createDraw(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Inputs that most models can run: fixed sizes as they are, `rows` in the first dimension where it varies, `size` in
 * the others that do; floats in [-1, 1), whole numbers and bools of 0 and 1, texts `a` and `b`.
 */
export function sampleInputs(
  inputs: readonly TensorInfo[],
  rows: number,
  size: number,
  draw: () => number,
): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      const dims = shape.map((given, axis) =>
        typeof given === 'number' && given >= 0 ? given : axis === 0 ? rows : size,
      );
      const length = dims.reduce((product, dim) => product * dim, 1);
      return [name, { type, dims, data: sampleData(type, length, draw) }];
    }),
  );
}

function sampleData(type: string, length: number, draw: () => number): TensorData['data'] {
  const array = tensorArrays[type];
  if (array === undefined) return Array.from({ length }, () => (draw() < 0.5 ? 'a' : 'b'));
  const data = new array(length);
  for (let i = 0; i < length; i++) {
    const value = type.startsWith('float') ? draw() * 2 - 1 : Math.round(draw());
    data[i] = type === 'float16' ? numberToHalf(value) : type.endsWith('int64') ? BigInt(value) : value;
  }
  return data;
}

/**
 * Whether a model gave the same for rows that ran together as for those that ran by themselves.
 * @param alone outputs of each sample, shape [samples]
 * @param rows of each sample, shape [samples]
 * @param tolerance largest difference, as a share of the output's largest number
 */
export function areRowsApart(
  together: Tensors,
  alone: readonly Tensors[],
  rows: readonly number[],
  tolerance: number,
): boolean {
  // Each sample's outputs must have its rows, and the joined ones all of them.
  if (alone.some((outputs, index) => splitRows(outputs, [rows[index] as number]) === undefined)) return false;
  if (splitRows(together, rows) === undefined) return false;
  const expected = joinRows(alone);
  return Object.entries(together).every(([name, got]) =>
    isClose(got, expected[name] as TensorData, tolerance),
  );
}

function isClose(a: TensorData, b: TensorData, tolerance: number): boolean {
  if (a.data.length !== b.data.length) return false;
  if (!a.type.startsWith('float')) return a.data.every((value, index) => value === b.data[index]);
  const left = numbersOf(a);
  const right = numbersOf(b);
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < left.length; i++) {
    const x = left[i] as number;
    const y = right[i] as number;
    if (Object.is(x, y)) continue;
    if (Number.isNaN(x - y)) return false;
    difference = Math.max(difference, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(x), Math.abs(y));
  }
  return difference <= tolerance * largest;
}

function numbersOf({ type, data }: TensorData): ArrayLike<number> {
  return type === 'float16' ? Array.from(data as Uint16Array, halfToNumber) : (data as Float32Array);
}
