import { expect, test } from 'vitest';
import { createTurns, type Slice } from '../src/http/turns.ts';

test('the first to ask in a round goes at once, the others one a round in the order of asking', async () => {
  const turns = createTurns();
  const first = turns.next();
  expect(first).not.toBeInstanceOf(Promise);
  const order: string[] = [];
  const later = ['a', 'b', 'c'].map((name) => Promise.resolve(turns.next()).then(() => order.push(name)));
  const rounds: number[] = [];
  for (let round = 0; round < 6 && order.length < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    rounds.push(order.length);
  }
  await Promise.all(later);
  expect(order).toEqual(['a', 'b', 'c']);
  // Never two more in one round of the event loop.
  rounds.reduce((before, count) => {
    expect(count - before).toBeLessThanOrEqual(1);
    return count;
  }, 0);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(turns.next()).not.toBeInstanceOf(Promise);
});

test('a slice is over after its time', () => {
  let time = 10;
  const slice = createTurns(2, () => time).next() as Slice;
  expect(slice.isOver).toBe(false);
  time = 11.9;
  expect(slice.isOver).toBe(false);
  time = 12;
  expect(slice.isOver).toBe(true);
});
