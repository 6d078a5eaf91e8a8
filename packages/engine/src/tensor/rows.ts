import type { TensorInfo } from '../executor/protocol.ts';
import { type TensorData, type Tensors, type TypedArray, tensorArrays } from './types.ts';

/**
 * Whether the first dimension of all inputs and outputs is one that varies, and the same one: then rows of several
 * requests may stand below each other, if the model treats each by itself.
 */
export function hasCommonRows(inputs: readonly TensorInfo[], outputs: readonly TensorInfo[]): boolean {
  const first = inputs[0]?.shape[0];
  return (
    typeof first === 'string' &&
    [...inputs, ...outputs].every(({ type, shape }) => type === 'other' || shape[0] === first)
  );
}

/** Rows of a request; undefined where its tensors differ in them, or have none, so that it has to run alone. */
export function rowsOf(tensors: Tensors): number | undefined {
  const all = Object.values(tensors);
  const rows = all[0]?.dims[0];
  return rows !== undefined && rows > 0 && all.every(({ dims }) => dims[0] === rows) ? rows : undefined;
}

/** Names the requests that one can share a run with: the same shapes below the first dimension, the same outputs. */
export function groupOf(tensors: Tensors, outputs: readonly string[]): string {
  const shapes = Object.keys(tensors)
    .sort()
    .map((name) => [name, ...(tensors[name]?.dims.slice(1) ?? [])]);
  return JSON.stringify([shapes, outputs]);
}

/**
 * Puts the rows of requests of one group below each other.
 * @param items shape [n], n >= 1
 */
export function joinRows(items: readonly Tensors[]): Tensors {
  const [first] = items;
  if (first === undefined || items.length === 1) return first ?? {};
  return Object.fromEntries(
    Object.entries(first).map(([name, { type, dims }]) => {
      const parts = items.map((item) => item[name] as TensorData);
      const rows = parts.reduce((sum, part) => sum + (part.dims[0] as number), 0);
      return [name, { type, dims: [rows, ...dims.slice(1)], data: joinData(type, parts) }];
    }),
  );
}

function joinData(type: string, parts: readonly TensorData[]): TensorData['data'] {
  const array = tensorArrays[type];
  if (array === undefined) return parts.flatMap(({ data }) => data as readonly string[]);
  const joined = new array(parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    // Parts of one type have the same array.
    (joined as Uint8Array).set(data as Uint8Array, at);
    at += data.length;
  }
  return joined;
}

/**
 * Gives each request its rows of the outputs, without copying.
 * @param rows of each request, shape [n]
 * @returns undefined if an output has not a row for each of theirs
 */
export function splitRows(outputs: Tensors, rows: readonly number[]): Tensors[] | undefined {
  const total = rows.reduce((sum, count) => sum + count, 0);
  if (Object.values(outputs).some(({ dims }) => dims[0] !== total)) return undefined;
  let start = 0;
  return rows.map((count) => {
    const from = start;
    start += count;
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { type, dims, data }]) => {
        const width = data.length / total;
        const part = Array.isArray(data)
          ? data.slice(from * width, start * width)
          : (data as TypedArray).subarray(from * width, start * width);
        return [name, { type, dims: [count, ...dims.slice(1)], data: part as TensorData['data'] }];
      }),
    );
  });
}
