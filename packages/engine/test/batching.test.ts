import { shareOut } from '@inferometer/core';
import {
  type Candidate,
  costOf,
  createRandom,
  decideBatch,
  partition,
  type QueueState,
  type RunCost,
} from '@inferometer/engine';
import { describe, expect, test } from 'vitest';

const limits = { maxBatchSize: 4, maxBatchTokens: 100, maxWaitMs: 5 };
/** A run costs as much as ten tokens. */
const cost: RunCost = { fixed: 1, perToken: 0.1, perPair: 0 };
const busy: QueueState = { now: 10, running: 1, inFlight: 4, draining: false, cost };
const items = (...tokens: number[]): Candidate[] => tokens.map((count) => ({ tokens: count, enqueued: 8 }));
const adaptive = { ...limits, maxWaitMs: Number.POSITIVE_INFINITY };

describe('when a batch leaves, and why', () => {
  test('at once when nothing runs', () => {
    const decision = decideBatch(items(5), limits, { ...busy, running: 0, inFlight: 0 });
    expect(decision).toEqual({ leave: true, take: [0], reason: 'idle' });
  });

  test('while another batch runs, once the oldest has waited maxWaitMs', () => {
    expect(decideBatch(items(5), limits, busy)).toEqual({ leave: false, waitMs: 3 });
    const decision = decideBatch(items(5, 5), limits, { ...busy, now: 13 });
    expect(decision).toEqual({ leave: true, take: [0, 1], reason: 'waited' });
  });

  test('full at maxBatchSize and no fuller', () => {
    const decision = decideBatch(items(5, 5, 5, 5, 5), limits, busy);
    expect(decision).toEqual({ leave: true, take: [0, 1, 2, 3], reason: 'full' });
  });

  test('at its token budget, padding counted', () => {
    // Three rows of 40 tokens are 120, over the budget of 100.
    const decision = decideBatch(items(40, 40, 40), limits, busy);
    expect(decision).toEqual({ leave: true, take: [0, 1], reason: 'tokens' });
  });

  test('an item over the budget runs alone', () => {
    const decision = decideBatch(items(500, 500), limits, { ...busy, running: 0 });
    expect(decision).toEqual({ leave: true, take: [0], reason: 'tokens' });
  });

  test('with its share of the work, so that other executors have theirs', () => {
    const state = { ...busy, executors: 2, inFlight: 2 };
    const decision = decideBatch(
      items(30, 30, 30, 30),
      { ...limits, maxBatchSize: 32, maxBatchTokens: 1e4 },
      state,
    );
    expect(decision).toEqual({ leave: true, take: [0, 1, 2], reason: 'share' });
  });

  test('whole where parting it would save less than another run costs', () => {
    const state = { ...busy, running: 0, inFlight: 0, executors: 2 };
    expect(decideBatch(items(3, 5), limits, state)).toEqual({ leave: true, take: [0, 1], reason: 'idle' });
    expect(decideBatch(items(50, 50), limits, state)).toEqual({ leave: true, take: [0], reason: 'idle' });
  });

  test('at a preferred size, to which larger ones are cut', () => {
    const preferred = { ...limits, maxBatchSize: 8, preferredBatchSizes: [2, 4] };
    expect(decideBatch(items(5, 5, 5), preferred, busy)).toEqual({
      leave: true,
      take: [0, 1],
      reason: 'preferred',
    });
    expect(decideBatch(items(5), preferred, busy)).toMatchObject({ leave: false });
  });

  test('before its deadline or latency target can be missed', () => {
    const due = [{ tokens: 5, enqueued: 8, deadline: 11 }];
    expect(decideBatch(due, limits, busy)).toEqual({ leave: true, take: [0], reason: 'deadline' });
    const target = { ...limits, targetLatencyMs: 4 };
    // The run takes 1.5 ms, 1.65 with what is kept in hand: 0.35 ms are left of the four.
    const decision = decideBatch(items(5), target, busy);
    expect(decision.leave === false && decision.waitMs).toBeCloseTo(0.35, 6);
    expect(decideBatch(items(5), target, { ...busy, now: 11 })).toMatchObject({ reason: 'deadline' });
  });

  test('all that waits when the end comes', () => {
    const decision = decideBatch(items(5, 5), limits, { ...busy, draining: true });
    expect(decision).toEqual({ leave: true, take: [0, 1], reason: 'drain' });
  });

  test('apart after a crash, and never with others of another group', () => {
    const crashed = [{ tokens: 5, enqueued: 8, alone: true }, ...items(5)];
    expect(decideBatch(crashed, limits, busy)).toEqual({ leave: true, take: [0], reason: 'alone' });
    const groups = [
      { tokens: 5, enqueued: 8, group: 'a' },
      { tokens: 5, enqueued: 8, group: 'b' },
      { tokens: 5, enqueued: 8, group: 'a' },
    ];
    expect(decideBatch(groups, limits, { ...busy, running: 0 })).toMatchObject({ take: [0, 2] });
  });
});

describe('how long is waited without a set wait', () => {
  const slow = { ...busy, cost: { ...cost, fixed: 8 }, inFlight: 20, executors: 2 };

  test('one item waits a part of a run’s fixed cost for another one', () => {
    expect(decideBatch(items(5), adaptive, { ...slow, now: 8, lastArrival: 8 })).toEqual({
      leave: false,
      waitMs: 2,
    });
    expect(decideBatch(items(5), adaptive, { ...slow, lastArrival: 8 })).toMatchObject({ reason: 'waited' });
  });

  test('several wait as long as more keep coming fast enough to be worth it', () => {
    // Three in 2 ms, the last one just now: the next is due in 1 ms, and would save more than that.
    const burst = [8, 9, 10].map((enqueued) => ({ tokens: 5, enqueued }));
    const state = { ...slow, now: 10, lastArrival: 10, freeSince: 8 };
    expect(decideBatch(burst, adaptive, state)).toEqual({ leave: false, waitMs: 4 });
    // Twice the gap and a quarter of the fixed cost later the burst is over.
    expect(decideBatch(burst, adaptive, { ...state, now: 14 })).toMatchObject({ reason: 'waited' });
    // As slow as this, what each saves is less than the wait for it.
    const trickle = [0, 5, 10].map((enqueued) => ({ tokens: 5, enqueued }));
    const late = { ...state, freeSince: 10 };
    expect(decideBatch(trickle, adaptive, late)).toMatchObject({ reason: 'waited' });
  });

  test('never longer than the run itself', () => {
    const burst = [0, 9, 10].map((enqueued) => ({ tokens: 5, enqueued }));
    const state = { ...slow, now: 10, lastArrival: 10, freeSince: 0 };
    // 8 ms and 1.5 for the tokens, and what is kept in hand.
    expect(decideBatch(burst, adaptive, state)).toMatchObject({ leave: false, waitMs: 9.5 * 1.1 - 10 });
    expect(decideBatch(burst, adaptive, { ...state, now: 10.5 })).toMatchObject({ reason: 'waited' });
  });

  test('hardly at all for a model whose runs cost next to nothing to start', () => {
    const quick = { ...busy, cost: { ...cost, fixed: 0.01 }, lastArrival: 9.99 };
    expect(decideBatch(items(5), adaptive, quick)).toMatchObject({ reason: 'waited' });
  });
});

describe('who is in it', () => {
  test('the oldest always, with those whose padding costs less than another run', () => {
    const state = { ...busy, running: 0, inFlight: 0 };
    const all = { ...limits, maxBatchSize: 32, maxBatchTokens: 1e5 };
    // 90 tokens of padding cost nine runs; four cost less than half of one.
    expect(decideBatch(items(10, 100, 12, 104), all, state)).toMatchObject({ take: [0, 2] });
    expect(decideBatch(items(100, 10, 12, 104), all, state)).toMatchObject({ take: [0, 3] });
    // A model whose runs cost much to start takes the padding.
    const costly = { ...state, cost: { ...cost, fixed: 100 } };
    expect(decideBatch(items(10, 100, 12, 104), all, costly)).toMatchObject({ take: [0, 1, 2, 3] });
  });

  test('nothing waits for ever: the oldest leaves with each decision, whatever comes after it', () => {
    const random = createRandom(5);
    let queue: Candidate[] = [];
    let oldest: Candidate | undefined;
    for (let round = 0; round < 500; round++) {
      for (let i = 0; i < 3; i++) queue.push({ tokens: 1 + Math.floor(random() * 128), enqueued: round });
      oldest = queue[0];
      const decision = decideBatch(queue, { ...limits, maxBatchTokens: 4096 }, { ...busy, running: 0 });
      if (!decision.leave) throw new Error('nothing ran, and still it waited');
      expect(decision.take[0]).toBe(0);
      const taken = new Set(decision.take);
      queue = queue.filter((_, index) => !taken.has(index));
      expect(queue).not.toContain(oldest);
    }
  });
});

test('partition finds the least time of all partings', () => {
  const random = createRandom(11);
  for (let round = 0; round < 200; round++) {
    const n = 1 + Math.floor(random() * 9);
    const lengths = Array.from({ length: n }, () => 1 + Math.floor(random() * 60)).sort((a, b) => a - b);
    const one: RunCost = { fixed: random() * 5, perToken: random() * 0.2, perPair: random() * 0.001 };
    const bounds = { maxRows: 1 + Math.floor(random() * 5), maxTokens: 30 + random() * 200 };
    const starts = partition(lengths, one, bounds);
    const timeOf = (groups: readonly (readonly number[])[]): number =>
      groups.reduce((sum, rows) => sum + costOf(one, rows.length, Math.max(...rows)), 0);
    const found = starts.map((start, run) => lengths.slice(start, starts[run + 1]));
    expect(found.flat()).toEqual(lengths);
    for (const rows of found) {
      expect(rows.length).toBeLessThanOrEqual(bounds.maxRows);
      if (rows.length > 1) expect(rows.length * Math.max(...rows)).toBeLessThanOrEqual(bounds.maxTokens);
    }
    expect(timeOf(found)).toBeCloseTo(leastTime(lengths, bounds, timeOf), 9);
  }
});

/** Of all ways to part a set, whether or not the rows of a run are next to each other in length. */
function leastTime(
  lengths: readonly number[],
  { maxRows, maxTokens }: { readonly maxRows: number; readonly maxTokens: number },
  timeOf: (groups: readonly (readonly number[])[]) => number,
): number {
  let least = Number.POSITIVE_INFINITY;
  const place = (at: number, groups: readonly (readonly number[])[]): void => {
    if (at === lengths.length) {
      least = Math.min(least, timeOf(groups));
      return;
    }
    const length = lengths[at] as number;
    groups.forEach((rows, index) => {
      const grown = [...rows, length];
      if (grown.length > maxRows || grown.length * Math.max(...grown) > maxTokens) return;
      place(at + 1, groups.with(index, grown));
    });
    place(at + 1, [...groups, [length]]);
  };
  place(0, []);
  return least;
}

test('shares of a batch add up to its run exactly, by tokens', () => {
  const random = createRandom(3);
  for (let round = 0; round < 1000; round++) {
    const tokens = Array.from(
      { length: 1 + Math.floor(random() * 40) },
      () => 1 + Math.floor(random() * 200),
    );
    const duration = Math.round(random() * 1e8) / 1e6;
    const shares = shareOut(duration, tokens).map((share) => Math.round(share * 1e6));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.round(duration * 1e6));
    expect(shares.every((share) => share >= 0)).toBe(true);
  }
});
