import { expect, test } from 'vitest';
import { createTurns, type Slice } from '../src/http/turns.ts';

/** The end of this round of the event loop. */
const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('short pieces of work share a round, without waiting', () => {
  const turns = createTurns(1, () => 0);
  for (let i = 0; i < 100; i++) expect(turns.next()).not.toBeInstanceOf(Promise);
});

test('once the time of a round is over the others wait for the next ones, in the order of asking', async () => {
  let time = 0;
  const turns = createTurns(1, () => time);
  const order: string[] = [];
  /** Works for 0.6 ms in a slice: two of them fill a round. */
  const work = async (name: string): Promise<void> => {
    const turn = turns.next();
    if (turn instanceof Promise) {
      await turn;
      await Promise.resolve();
    }
    time += 0.6;
    order.push(name);
  };
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const all = names.map(work);
  expect(order).toEqual(['a', 'b']);
  const perRound: number[] = [];
  for (let i = 0; i < 20 && order.length < names.length; i++) {
    const before = order.length;
    await round();
    perRound.push(order.length - before);
  }
  await Promise.all(all);
  expect(order).toEqual(names);
  expect(Math.max(...perRound)).toBe(2);
  await round();
  await round();
  expect(turns.next()).not.toBeInstanceOf(Promise);
});

test('a slice is over when its round is', () => {
  let time = 10;
  const turns = createTurns(2, () => time);
  const first = turns.next() as Slice;
  time = 11.9;
  const second = turns.next() as Slice;
  expect([first.isOver, second.isOver]).toEqual([false, false]);
  time = 12;
  expect([first.isOver, second.isOver]).toEqual([true, true]);
  expect(turns.next()).toBeInstanceOf(Promise);
});
