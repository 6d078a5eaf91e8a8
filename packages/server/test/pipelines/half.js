/** Only one of the two hooks runs in the executor. */
export function preprocess({ values }) {
  return { x: { type: 'float32', dims: [1, values.length], data: Float32Array.from(values) } };
}
