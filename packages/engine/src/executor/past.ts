import { Tensor } from 'onnxruntime-node';
import { halfTensor } from './half-tensor.ts';
import type { TensorInfo } from './protocol.ts';

/** One input that takes keys or values of earlier tokens, and the output that gives them back, longer. */
export interface PastInput {
  readonly name: string;
  /** Name of the output. */
  readonly present: string;
  readonly type: string;
  readonly shape: TensorInfo['shape'];
  /** Axis of the tokens; axis 0 is the batch. */
  readonly axis: number;
}

/**
 * Keys and values of several generations, as the model takes them. Shorter ones are padded in front, so that every row
 * ends at the last column: what the model appends lies at the same place in all rows, and its output is the next input
 * as it is.
 */
export interface Past {
  readonly rows: number;
  /** Tokens of the longest row, padding of the others included. */
  readonly columns: number;
  /** By the name of the input. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Where a generation's keys and values are: the last `length` columns of a row. */
export interface PastRow {
  readonly past: Past;
  readonly row: number;
  readonly length: number;
}

/** The past inputs of a graph in the Optimum layout. */
export function pastInputsOf(inputs: readonly TensorInfo[]): PastInput[] {
  return inputs
    .filter((input) => input.name.startsWith('past_key_values'))
    .map(({ name, type, shape }) => {
      const open = shape.flatMap((size, axis) => (axis > 0 && typeof size !== 'number' ? [axis] : []));
      const named = open.find((axis) => /past|seq/i.test(String(shape[axis])));
      const axis = named ?? open[0];
      if (axis === undefined)
        throw new Error(`input "${name}" has a past of fixed length, expected one that varies`);
      return { name, present: name.replace('past_key_values', 'present'), type, shape, axis };
    });
}

/** The past of one generation that has none yet. */
export function emptyPast(inputs: readonly PastInput[]): Past {
  const tensors = inputs.map(({ name, type, shape, axis }) => {
    const dims = shape.map((size, at) => (at === axis ? 0 : typeof size === 'number' ? size : 1));
    const empty =
      type === 'float16'
        ? halfTensor(new Uint16Array(0), dims)
        : new Tensor('float32', new Float32Array(0), dims);
    return [name, empty] as const;
  });
  return { rows: 1, columns: 0, tensors: Object.fromEntries(tensors) };
}

/**
 * Puts generations side by side. Where they are all rows of one past already, in this order, it is taken as it is; else
 * each key and value is copied once, and padding is cut to the longest that is left.
 * @param rows shape [n], n >= 1
 * @param padding what pads keys and values: with a mask that is heeded it makes no difference. @default zeros
 */
export function stackRows(inputs: readonly PastInput[], rows: readonly PastRow[], padding?: Padding): Past {
  const [first] = rows as readonly [PastRow, ...PastRow[]];
  const isWhole =
    rows.length === first.past.rows && rows.every(({ past, row }, i) => past === first.past && row === i);
  if (isWhole) return first.past;
  const columns = rows.reduce((longest, { length }) => Math.max(longest, length), 0);
  const tensors = inputs.map((input) => [input.name, stackTensor(input, rows, columns, padding)] as const);
  return { rows: rows.length, columns, tensors: Object.fromEntries(tensors) };
}

/** `loud` alternates between 16 and -16, which attention hears whatever it looks for. */
export type Padding = 'loud';

const loud = [16, -16] as const;
const loudHalves = [0x4c00, 0xcc00] as const;

/** Typed arrays whose elements are copied, never looked at: 16-bit floats have one of two types. */
type Elements = Float32Array | Uint16Array;

function stackTensor(
  { name, type, axis }: PastInput,
  rows: readonly PastRow[],
  columns: number,
  padding: Padding | undefined,
): Tensor {
  const sourceOf = ({ past }: PastRow): Tensor => past.tensors[name] as Tensor;
  const dims = [...sourceOf(rows[0] as PastRow).dims];
  const blocks = dims.slice(1, axis).reduce((product, size) => product * size, 1);
  const width = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  dims[0] = rows.length;
  dims[axis] = columns;
  const ArrayType = sourceOf(rows[0] as PastRow).data.constructor as new (length: number) => Elements;
  const stacked = new ArrayType(rows.length * blocks * columns * width);
  if (padding) {
    const sizes = stacked instanceof Uint16Array ? loudHalves : loud;
    for (let at = 0; at < stacked.length; at += width)
      stacked.fill(sizes[(at / width) % 2] as number, at, at + width);
  }
  rows.forEach((from, row) => {
    const data = sourceOf(from).data as Elements;
    const { past, length } = from;
    for (let block = 0; block < blocks; block++) {
      const end = (from.row * blocks + block + 1) * past.columns * width;
      const target = ((row * blocks + block + 1) * columns - length) * width;
      stacked.set(data.subarray(end - length * width, end), target);
    }
  });
  if (stacked instanceof Uint16Array) return halfTensor(stacked, dims);
  return new Tensor(type as 'float32', stacked, dims);
}
