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

test('the limits leave what sorting everything would leave', () => {
  const random = createRandom(9);
  const many = Array.from({ length: 120 }, () => random() * 8 - 4);
  const weights = many.map(Math.exp);
  const order = many.map((_, id) => id).sort((a, b) => (many[b] as number) - (many[a] as number));
  for (const [topK, topP] of [
    [0, 0.9],
    [0, 0.5],
    [0, 0.999],
    [20, 1],
    [20, 0.8],
    [1, 1],
    [1000, 0.95],
  ] as const) {
    const kept = topK > 0 ? order.slice(0, topK) : order;
    const total = kept.reduce((sum, id) => sum + (weights[id] as number), 0);
    const nucleus = new Set<number>();
    let mass = 0;
    for (const id of kept) {
      if (nucleus.size > 0 && mass >= topP * total) break;
      nucleus.add(id);
      mass += weights[id] as number;
    }
    const seen = new Set<number>();
    for (let draw = 0; draw < 5000; draw++) seen.add(sampleToken(many, { ...base, topK, topP }, random));
    expect(
      [...seen].filter((id) => !nucleus.has(id)),
      `top_k ${topK} top_p ${topP}`,
    ).toEqual([]);
    // All but the least likely of a large nucleus come up.
    expect(seen.size).toBeGreaterThan(nucleus.size * 0.6);
  }
});

test('the same seed draws the same', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => sampleToken(logits, base, random));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
});
