import { expect, test } from 'vitest';
import { createJsonBytes } from '../src/http/json-bytes.ts';

function written(vector: Float32Array, room?: number): string {
  const json = createJsonBytes(room);
  json.vector(vector);
  return json.bytes().toString();
}

const back = (vector: Float32Array): Float32Array =>
  Float32Array.from(JSON.parse(written(vector)) as number[]);

test('every float32 reads back as itself', () => {
  // Bit patterns spread over the whole range: subnormal, tiny, large, both signs.
  const bits = Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2_654_435_761));
  const numbers = new Float32Array(bits.buffer).filter(Number.isFinite);
  expect(numbers.length).toBeGreaterThan(49_000);
  expect(back(numbers)).toEqual(numbers.map((value) => value + 0));
});

test('so do those that vectors are made of, and the neighbours of where the digits change', () => {
  const edges = [1e-4, 1e-3, 0.01, 0.02, 0.1, 0.2, 0.99999994, 1, 0.5, 0.25];
  const bits = new Uint32Array(Float32Array.from(edges).buffer);
  const near = Array.from(bits).flatMap((pattern) =>
    Array.from({ length: 2001 }, (_, i) => pattern + i - 1000),
  );
  const numbers = new Float32Array(Uint32Array.from(near).buffer);
  expect(back(numbers)).toEqual(numbers);
  const spread = Float32Array.from({ length: 200_000 }, (_, i) => Math.sin(i * 1.234_567 + 1) * 0.999);
  expect(back(spread)).toEqual(spread);
  expect(back(spread.map((value) => -value / 50))).toEqual(spread.map((value) => -value / 50));
});

test('what JSON has no number for is null, and nothing is an empty array', () => {
  const odd = Float32Array.of(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1, -0.5);
  expect(written(odd)).toBe('[0,0,null,null,1.00000000,-0.5]');
  expect(written(new Float32Array())).toBe('[]');
});

test('is shorter than the digits of doubles', () => {
  const vector = Float32Array.from({ length: 384 }, (_, i) => Math.sin(i) / 10);
  expect(written(vector).length / JSON.stringify(Array.from(vector)).length).toBeLessThan(0.75);
});

test('makes room as it needs it, for numbers and for text of any script', () => {
  const vector = Float32Array.from({ length: 1000 }, (_, i) => -1.234_567_8e-40 * (i + 1));
  expect(written(vector, 1)).toBe(written(vector, 1e6));
  const json = createJsonBytes(1);
  const text = JSON.stringify({ text: 'é 수달 🦦'.repeat(50) });
  json.text('[');
  json.text(text);
  json.text(',');
  json.vector(Float32Array.of(0.5));
  json.text(']');
  expect(JSON.parse(json.bytes().toString())).toEqual([JSON.parse(text), [0.5]]);
});
