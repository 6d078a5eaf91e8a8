import { normalizeRows, type PoolingMode, pool } from '@inferometer/engine';
import { expect, test } from 'vitest';

/** Two texts of two and one tokens, padded to three, vectors of two numbers. */
const tokens = {
  data: [1, 2, 3, -4, 99, 99, 5, 6, 99, 99, 99, 99],
  rows: 2,
  columns: 3,
  width: 2,
  lengths: [2, 1],
};

test.each<[PoolingMode, number[]]>([
  ['cls', [1, 2, 5, 6]],
  ['max', [3, 2, 5, 6]],
  ['mean', [2, -1, 5, 6]],
  ['mean_sqrt_len_tokens', [4 / Math.SQRT2, -2 / Math.SQRT2, 5, 6]],
  ['weightedmean', [7 / 3, -2, 5, 6]],
  ['lasttoken', [3, -4, 5, 6]],
])('%s pooling leaves padding out', (mode, expected) => {
  const pooled = [...pool(tokens, [mode])];
  expect(pooled).toHaveLength(4);
  pooled.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index] as number, 5);
  });
});

test('several modes stand beside each other', () => {
  expect([...pool(tokens, ['cls', 'lasttoken'])]).toEqual([1, 2, 3, -4, 5, 6, 5, 6]);
});

test('rows are scaled to length 1, and zeros stay zeros', () => {
  const vectors = Float32Array.of(3, 4, 0, 0);
  normalizeRows(vectors, 2);
  expect([...vectors]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
});
