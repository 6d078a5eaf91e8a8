import { createCounters, growth } from '@inferometer/gpu';
import { expect, test } from 'vitest';

/** A generator of numbers in [0, 1) that is the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test.each([32, 64] as const)('of %d bits: what is added is counted, wherever it wraps', (bits) => {
  const next = random(bits);
  const range = 1n << BigInt(bits);
  for (let run = 0; run < 200; run++) {
    const counters = createCounters();
    let raw = BigInt(Math.floor(next() * 2 ** 32)) * (range >> 32n);
    const first = counters.add('one', raw, bits);
    let added = 0;
    for (let step = 0; step < 20; step++) {
      // Less than half the range at a time: of more nobody can tell whether it wrapped.
      const by = BigInt(Math.floor(next() * 2 ** 31)) % (range / 2n);
      raw = (raw + by) % range;
      added += Number(by);
      expect(counters.add('one', raw, bits) - first).toBeCloseTo(added, bits === 32 ? 6 : -4);
    }
  }
});

test('a counter that begins anew goes on from where it was', () => {
  const counters = createCounters();
  expect(counters.add('energy', 1000n, 64)).toBe(1000);
  expect(counters.add('energy', 1500n, 64)).toBe(1500);
  expect(counters.add('energy', 20n, 64)).toBe(1520);
  expect(counters.add('energy', 20n, 64)).toBe(1520);
  expect(counters.add('energy', 30n, 64)).toBe(1530);
});

test('wrapping is told from a reset by how far there was to go', () => {
  expect(growth(2n ** 32n - 10n, 5n, 32)).toBe(15n);
  expect(growth(1000n, 5n, 32)).toBe(5n);
  expect(growth(2n ** 64n - 1n, 0n, 64)).toBe(1n);
  expect(growth(5n, 5n, 32)).toBe(0n);
});
