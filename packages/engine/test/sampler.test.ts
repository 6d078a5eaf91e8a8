import { createSampler, type Sampling } from '@inferometer/engine';
import { expect, test } from 'vitest';

const greedy: Sampling = { maxTokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 };

/** So many tokens from the same logits. */
function draw(
  logits: readonly number[],
  sampling: Partial<Sampling>,
  count: number,
  prompt: readonly number[] = [],
  ending: readonly number[] = [],
): number[] {
  const sampler = createSampler({ ...greedy, ...sampling }, Int32Array.from(prompt), new Set(ending));
  return Array.from({ length: count }, () => sampler.next(logits));
}

test('the repetition penalty divides what speaks for a token, and multiplies what speaks against it', () => {
  // 4 / 2 is less than 3; 3 / 2 and 2 follow.
  expect(draw([4, 3, 1.9], { repetitionPenalty: 2 }, 3)).toEqual([0, 1, 0]);
  // The prompt counts.
  expect(draw([4, 3, 1], { repetitionPenalty: 2 }, 1, [0])).toEqual([1]);
  expect(draw([-1, -1.5, -9], { repetitionPenalty: 2 }, 2)).toEqual([0, 1]);
});

test('the presence penalty counts once, the frequency penalty each time, and the prompt for neither', () => {
  expect(draw([4, 2.5, 0], { presencePenalty: 1 }, 3, [0, 0, 0])).toEqual([0, 0, 0]);
  expect(draw([4, 2.5, 0], { frequencyPenalty: 1 }, 4, [0, 0, 0])).toEqual([0, 0, 1, 0]);
  expect(draw([4, 3.5, 0], { presencePenalty: 1 }, 3)).toEqual([0, 1, 0]);
});

test('a bias can ban a token or force it', () => {
  expect(draw([4, 3, 0], { logitBias: [[0, -100]] }, 1)).toEqual([1]);
  expect(draw([4, 3, 0], { logitBias: [[2, 100]], temperature: 2 }, 5)).toEqual([2, 2, 2, 2, 2]);
});

test('no end comes before minTokens', () => {
  expect(draw([4, 3, 0], { minTokens: 2 }, 4, [], [0])).toEqual([1, 1, 0, 0]);
});

test('min_p leaves out what is far less likely than the best', () => {
  const some = new Set(draw([0, -1, -5], { temperature: 1, minP: 0.3 }, 400));
  expect(some).toEqual(new Set([0, 1]));
  expect(new Set(draw([0, -1, -5], { temperature: 1 }, 4000))).toEqual(new Set([0, 1, 2]));
});

test('the logits are left as they are, and a seed draws the same again', () => {
  const logits = [1, 2, 3];
  const sampling = { temperature: 1, seed: 7, repetitionPenalty: 1.5, logitBias: [[0, 1]] as const };
  const first = draw(logits, sampling, 20);
  expect(draw(logits, sampling, 20)).toEqual(first);
  expect(draw(logits, { ...sampling, seed: 8 }, 20)).not.toEqual(first);
  expect(logits).toEqual([1, 2, 3]);
});

test('logits that are no numbers are a failure', () => {
  expect(() => draw([Number.NaN, Number.NaN], {}, 1)).toThrow(/logits/);
  expect(() => draw([1, Number.POSITIVE_INFINITY], { temperature: 1 }, 1)).toThrow(/logits/);
  expect(draw([Number.NEGATIVE_INFINITY, 1], {}, 1)).toEqual([1]);
});
