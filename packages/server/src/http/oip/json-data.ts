import { numberToHalf, type TensorData, tensorArrays } from '@inferometer/engine';
import { describe } from '../body.ts';
import { RequestProblem } from '../problem.ts';
import { datatypeFor, integerRanges } from './datatypes.ts';

/** Puts one element of JSON into an array, or throws what was expected. */
type Put = (value: unknown, at: number) => void;

/**
 * A tensor's elements from JSON: flat, or nested as the shape says.
 * @param count elements of the shape
 * @throws {RequestProblem} 400 that says where an element is of the wrong type or out of range
 */
export function dataFromJson(
  value: unknown,
  type: string,
  dims: readonly number[],
  count: number,
  field: string,
): TensorData['data'] {
  if (!Array.isArray(value)) throw wrong(field, `expected an array, got ${describe(value)}`);
  // Counted before anything is allocated: the shape may say anything.
  const flat = Array.isArray(value[0]) ? flatten(value, dims, field) : value;
  if (flat.length !== count) {
    throw wrong(field, `shape [${dims.join(', ')}] has ${count} elements, got ${flat.length}`);
  }
  const array = tensorArrays[type];
  if (array === undefined) {
    const text = flat.findIndex((item) => typeof item !== 'string');
    if (text >= 0) throw wrong(`${field}[${text}]`, `expected a string, got ${describe(flat[text])}`);
    return flat as string[];
  }
  const data = new array(count);
  const put = putter(type, data as never, field);
  for (let i = 0; i < count; i++) put(flat[i], i);
  return data;
}

function putter(type: string, data: Record<number, number | bigint>, field: string): Put {
  const expected = (what: string, value: unknown, at: number): RequestProblem =>
    wrong(`${field}[${at}]`, `expected ${what}, got ${describe(value)}`);
  if (type === 'bool') {
    return (value, at) => {
      if (typeof value !== 'boolean') throw expected('true or false', value, at);
      data[at] = value ? 1 : 0;
    };
  }
  const range = integerRanges[type];
  if (range) {
    const [least, most] = range;
    const what = `an integer from ${least} to ${most} for ${datatypeFor(type)}`;
    const wide = type.endsWith('int64');
    return (value, at) => {
      const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
      if (!whole || value < least || value > most) throw expected(what, value, at);
      data[at] = wide ? BigInt(value) : Number(value);
    };
  }
  const limit = { float16: 65_520, float32: 2 ** 128 * (1 - 2 ** -25), float64: Number.POSITIVE_INFINITY }[
    type
  ];
  const what = `a number that ${datatypeFor(type)} holds`;
  return (value, at) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !(Math.abs(number) < (limit ?? 0))) throw expected(what, value, at);
    data[at] = type === 'float16' ? numberToHalf(number) : number;
  };
}

/** The elements of nested arrays, row major; each level must have as many as the shape says. */
function flatten(value: readonly unknown[], dims: readonly number[], field: string): unknown[] {
  const flat: unknown[] = [];
  const walk = (part: unknown, axis: number): void => {
    if (axis === dims.length) {
      flat.push(part);
      return;
    }
    if (!Array.isArray(part) || part.length !== dims[axis]) {
      const got = Array.isArray(part) ? `an array of ${part.length}` : describe(part);
      throw wrong(field, `expected arrays nested as shape [${dims.join(', ')}], got ${got} at level ${axis}`);
    }
    for (const inner of part) walk(inner, axis + 1);
  };
  walk(value, 0);
  return flat;
}

/** Whether JSON's doubles may have rounded a whole number of it. */
export function hasWideNumber(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasWideNumber);
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** JSON with whole numbers that doubles cannot hold as bigints. Ten times as slow as plain parsing. */
export function parseExactly(text: string): unknown {
  // The third argument is in all runtimes that we run on; the compiler's library does not know it yet.
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source as string)
      : value;
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}

function wrong(field: string, message: string): RequestProblem {
  return new RequestProblem(400, 'invalid_value', message, field);
}
