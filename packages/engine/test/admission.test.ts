import {
  createBacklogEstimate,
  createDoor,
  createFairOrder,
  createRunCostModel,
  refusalOf,
} from '@inferometer/engine';
import { waitFor } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';

const limits = { capacity: 10, maxQueueMs: 2000 };
const state = {
  waiting: 0,
  behind: 0,
  waitMs: 0,
  workMs: 5,
  budgetMs: Number.POSITIVE_INFINITY,
};

describe('who is let into a queue', () => {
  test('whoever fits', () => {
    expect(refusalOf(10, state, limits)).toBeUndefined();
    expect(refusalOf(1, { ...state, waiting: 9, waitMs: 1999, budgetMs: 5000 }, limits)).toBeUndefined();
  });

  test('nobody more than there is room for, unless others stand behind', () => {
    expect(refusalOf(2, { ...state, waiting: 9, waitMs: 100 }, limits)).toMatchObject({
      reason: 'queue_full',
      message: 'the queue is full: 9 of 10 items wait, 2 more do not fit, try again in 1 s',
    });
    expect(refusalOf(2, { ...state, waiting: 9, behind: 1 }, limits)).toBeUndefined();
    expect(refusalOf(3, { ...state, waiting: 9, behind: 1 }, limits)).toMatchObject({ reason: 'queue_full' });
  });

  test('nobody whose deadline cannot be met, with the time after which it could', () => {
    const late = { ...state, waiting: 3, waitMs: 4000, budgetMs: 1000 };
    expect(refusalOf(1, late, { ...limits, maxQueueMs: 1e9 })).toMatchObject({
      reason: 'deadline',
      retryAfterS: 5,
      message: 'the answer would take about 5007 ms and 1000 ms are left, try again in 5 s',
    });
    expect(refusalOf(1, { ...state, budgetMs: -3 }, limits)).toMatchObject({ reason: 'deadline' });
  });

  test('nobody while what waits takes too long', () => {
    expect(refusalOf(1, { ...state, waiting: 3, waitMs: 5500 }, limits)).toMatchObject({
      reason: 'queue_time',
      retryAfterS: 4,
    });
  });
});

describe('a look before the body is there', () => {
  const now = (): number => Number(process.hrtime.bigint()) / 1e6;
  const soon = (ms: number) => ({ rank: 1, tenant: '', deadline: now() + ms });
  /** Of a queue in which so many wait, and whose executor is busy. */
  const doorOf = (length: number, capacity = 10) => {
    const costs = createRunCostModel();
    // A millisecond a token.
    for (let run = 0; run < 20; run++) {
      costs.observe(1, 10, 10);
      costs.observe(1, 100, 100);
    }
    return createDoor({
      limits: { capacity, maxQueueMs: Number.POSITIVE_INFINITY },
      waiting: { length, tokens: 10 * length, squares: 100 * length, before: () => length },
      running: [],
      order: { peek: () => 0 },
      costs,
      estimate: createBacklogEstimate(),
      pool: { up: 1, hasFree: length === 0 },
    });
  };

  test('those who were told that they may come have their places, until they have come or not', async () => {
    const door = doorOf(1, 3);
    expect(door.refusal(soon(10_000))).toBeUndefined();
    expect(door.refusal(soon(10_000))).toBeUndefined();
    expect(door.refusal(soon(10_000))).toMatchObject({ reason: 'queue_full' });
    // Whoever is urgent goes before them.
    expect(door.refusal({ ...soon(10_000), rank: 0 })).toBeUndefined();
    expect(door.knock(soon(10_000), 1, 10, now())).toBeUndefined();
    expect(door.refusal(soon(10_000))).toMatchObject({ reason: 'queue_full' });
    await waitFor('those who do not come to be forgotten', () => door.refusal(soon(10_000)) === undefined);
  });

  test('it is taken to be like those of late', () => {
    const door = doorOf(5);
    // 50 ms of others, and its own work.
    expect(door.refusal(soon(100))).toBeUndefined();
    for (let call = 0; call < 100; call++) door.knock(soon(100), 1, 200, now());
    expect(door.refusal(soon(100))).toMatchObject({ reason: 'deadline' });
  });

  test('an empty queue takes whatever is small enough, however large those before it were', () => {
    const door = doorOf(0);
    for (let call = 0; call < 100; call++) door.knock(soon(100), 1, 5000, now());
    expect(door.refusal(soon(100))).toBeUndefined();
  });
});

describe('places in the queue', () => {
  const shares = (weights: Record<string, number>, rounds: number): Record<string, number> => {
    const order = createFairOrder(weights);
    const waiting = Object.keys(weights).flatMap((tenant) =>
      // Each has sent more than leaves; the first one ten times as much.
      Array.from({ length: tenant === 'a' ? 1000 : 300 }, () => ({ tenant, place: order.place(tenant, 10) })),
    );
    waiting.sort((x, y) => x.place - y.place);
    const left: Record<string, number> = {};
    for (const { tenant, place } of waiting.slice(0, rounds)) {
      left[tenant] = (left[tenant] ?? 0) + 1;
      order.left(place);
    }
    return left;
  };

  test('tenants share equally, however much each has sent', () => {
    const { a = 0, b = 0 } = shares({ a: 1, b: 1 }, 200);
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1);
  });

  test('by their weights', () => {
    const { a = 0, b = 0 } = shares({ a: 1, b: 3 }, 200);
    expect(b / a).toBeCloseTo(3, 0);
  });

  test('one who was idle saves nothing up, and waits for nobody', () => {
    const order = createFairOrder();
    for (let i = 0; i < 100; i++) order.left(order.place('busy', 10));
    const waiting = Array.from({ length: 5 }, () => order.place('busy', 10));
    const newcomer = order.place('late', 10);
    expect(newcomer).toBeLessThan(waiting[1] as number);
    expect(order.place('late', 10)).toBeGreaterThan(newcomer);
  });

  test('within a tenant it is first come first served', () => {
    const order = createFairOrder();
    const places = Array.from({ length: 50 }, (_, i) => order.place('a', 1 + (i % 7)));
    expect(places).toEqual([...places].sort((x, y) => x - y));
  });
});
