import { expect, test } from 'vitest';
import { vectorJson } from '../src/http/vector-json.ts';

const back = (vector: Float32Array): Float32Array =>
  Float32Array.from(JSON.parse(vectorJson(vector)) as number[]);

test('every float32 reads back as itself', () => {
  // Bit patterns spread over the whole range: subnormal, tiny, large, both signs.
  const bits = Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2_654_435_761));
  const numbers = new Float32Array(bits.buffer).filter(Number.isFinite);
  expect(numbers.length).toBeGreaterThan(49_000);
  expect(back(numbers)).toEqual(numbers.map((value) => value + 0));
});

test('what JSON has no number for is null, and nothing is an empty array', () => {
  expect(vectorJson(Float32Array.of(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1))).toBe(
    '[0,0,null,null,1.00000000]',
  );
  expect(vectorJson(new Float32Array())).toBe('[]');
});

test('is shorter than the digits of doubles', () => {
  const vector = Float32Array.from({ length: 384 }, (_, i) => Math.sin(i) / 10);
  expect(vectorJson(vector).length / JSON.stringify(Array.from(vector)).length).toBeLessThan(0.75);
});
