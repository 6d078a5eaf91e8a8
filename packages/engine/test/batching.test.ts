import { shareOut } from '@inferometer/core';
import { type Candidate, createRandom, decideBatch } from '@inferometer/engine';
import { expect, test } from 'vitest';

const limits = { maxBatchSize: 4, maxBatchTokens: 100, maxWaitMs: 5 };
const busy = { now: 10, running: 1, draining: false };
const items = (...tokens: number[]): Candidate[] => tokens.map((count) => ({ tokens: count, enqueued: 8 }));

test('leaves at once when nothing runs', () => {
  expect(decideBatch(items(5), limits, { ...busy, running: 0 })).toEqual({
    leave: true,
    take: [0],
    reason: 'idle',
  });
});

test('waits for more while another batch runs, until the oldest has waited maxWaitMs', () => {
  expect(decideBatch(items(5), limits, busy)).toEqual({ leave: false, waitMs: 3 });
  expect(decideBatch(items(5, 5), limits, { ...busy, now: 13 })).toEqual({
    leave: true,
    take: [0, 1],
    reason: 'waited',
  });
});

test('leaves full at maxBatchSize and no fuller', () => {
  expect(decideBatch(items(5, 5, 5, 5, 5), limits, busy)).toEqual({
    leave: true,
    take: [0, 1, 2, 3],
    reason: 'full',
  });
});

test('counts padding in the token budget', () => {
  // Three rows of 40 tokens are 120, over the budget of 100, though the texts have only 90.
  expect(decideBatch(items(25, 25, 40), limits, busy)).toEqual({
    leave: true,
    take: [0, 1],
    reason: 'tokens',
  });
});

test('an item over the token budget goes alone', () => {
  expect(decideBatch(items(500, 400), limits, busy)).toEqual({ leave: true, take: [0], reason: 'tokens' });
});

test('takes those of like length with the oldest and leaves the others in their order', () => {
  const decision = decideBatch(
    items(60, 4, 50, 6),
    { ...limits, maxBatchTokens: 1000 },
    { ...busy, draining: true },
  );
  expect(decision).toEqual({ leave: true, take: [0, 2], reason: 'drain' });
});

test('the shares of a run are whole nanoseconds and add up to it', () => {
  const random = createRandom(3);
  for (let round = 0; round < 300; round++) {
    const tokens = Array.from(
      { length: 1 + Math.floor(random() * 40) },
      () => 1 + Math.floor(random() * 256),
    );
    const durationNs = Math.floor(random() * 1e8);
    const sharesNs = shareOut(durationNs / 1e6, tokens).map((share) => Math.round(share * 1e6));
    expect(sharesNs.reduce((sum, share) => sum + share, 0)).toBe(durationNs);
    expect(sharesNs.every((share) => share >= 0)).toBe(true);
  }
  expect(shareOut(9, [1, 2])).toEqual([3, 6]);
});
