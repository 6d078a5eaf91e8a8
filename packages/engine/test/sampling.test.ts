import { createRandom, sampleToken } from '@inferometer/engine';
import { expect, test } from 'vitest';

const logits = [0, 2, 1, -1];
const base = { maxTokens: 1, temperature: 1, topK: 0, topP: 1, seed: 0 };

function share(sampling: typeof base, draws = 4000): number[] {
  const random = createRandom(1);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) {
    const id = sampleToken(logits, sampling, random);
    counts[id] = (counts[id] as number) + 1;
  }
  return counts.map((count) => count / draws);
}

test('temperature 0 takes the most likely token', () => {
  expect(share({ ...base, temperature: 0 }, 10)).toEqual([0, 1, 0, 0]);
});

test('draws as softmax has it', () => {
  const weights = logits.map(Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  share(base).forEach((got, id) => {
    expect(Math.abs(got - (weights[id] as number) / total)).toBeLessThan(0.03);
  });
});

test('top_k and top_p leave the unlikely out', () => {
  const [first, , third, fourth] = share({ ...base, topK: 2 });
  expect([first, fourth]).toEqual([0, 0]);
  expect(third).toBeGreaterThan(0.1);
  // The most likely one alone has 0.64 of the mass.
  expect(share({ ...base, topP: 0.6 })).toEqual([0, 1, 0, 0]);
});

test('the same seed draws the same', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => sampleToken(logits, base, random));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
});
