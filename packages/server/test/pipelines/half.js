import { InvalidInput } from 'inferometer/hooks';

/** Only one of the two hooks runs in the executor. */
export function preprocess({ values }) {
  if (!Array.isArray(values)) throw new InvalidInput('expected numbers', { field: 'values' });
  return { x: { type: 'float32', dims: [1, values.length], data: Float32Array.from(values) } };
}
