import { costOf, createRandom, createRunCostModel } from '@inferometer/engine';
import { expect, test } from 'vitest';

const truth = { fixed: 4.5, perToken: 0.34, perPair: 0.0004 };

test('learns the run times of a model from its runs, noise and all', () => {
  const random = createRandom(1);
  const model = createRunCostModel();
  for (let run = 0; run < 300; run++) {
    const rows = 1 + Math.floor(random() * 32);
    const width = 4 + Math.floor(random() * 124);
    model.observe(rows, width, costOf(truth, rows, width) * (0.9 + 0.2 * random()));
  }
  for (const [rows, width] of [
    [1, 8],
    [1, 128],
    [8, 12],
    [32, 12],
    [32, 128],
  ] as const) {
    const error = model.predict(rows, width) / costOf(truth, rows, width) - 1;
    expect(Math.abs(error)).toBeLessThan(0.1);
  }
  expect(model.cost.fixed / truth.fixed).toBeGreaterThan(0.7);
  expect(model.cost.fixed / truth.fixed).toBeLessThan(1.3);
});

test('knows the order of magnitude after a few runs', () => {
  const model = createRunCostModel();
  for (const [rows, width] of [
    [1, 8],
    [1, 64],
    [8, 8],
  ] as const) {
    model.observe(rows, width, costOf(truth, rows, width));
  }
  expect(model.predict(4, 16) / costOf(truth, 4, 16)).toBeGreaterThan(0.7);
  expect(model.predict(4, 16) / costOf(truth, 4, 16)).toBeLessThan(1.4);
});

test('follows a machine that becomes three times as slow', () => {
  const random = createRandom(2);
  const model = createRunCostModel();
  const feed = (runs: number, factor: number): void => {
    for (let run = 0; run < runs; run++) {
      const rows = 1 + Math.floor(random() * 16);
      const width = 4 + Math.floor(random() * 60);
      model.observe(rows, width, factor * costOf(truth, rows, width));
    }
  };
  feed(500, 1);
  feed(1000, 3);
  expect(model.predict(8, 32) / (3 * costOf(truth, 8, 32))).toBeCloseTo(1, 1);
});

test('no term is ever negative, whatever it sees', () => {
  const random = createRandom(3);
  for (let round = 0; round < 100; round++) {
    const model = createRunCostModel();
    for (let run = 0; run < 30; run++) {
      model.observe(1 + Math.floor(random() * 8), 1 + Math.floor(random() * 100), random() * 50);
    }
    const { fixed, perToken, perPair } = model.cost;
    expect(Math.min(fixed, perToken, perPair)).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(fixed + perToken + perPair)).toBe(true);
  }
});

test('one shape alone is predicted as it was', () => {
  const model = createRunCostModel();
  for (let run = 0; run < 50; run++) model.observe(1, 12, 8);
  expect(model.predict(1, 12)).toBeCloseTo(8, 1);
});

test('where nothing is padded a row costs what any other does, however many there are', () => {
  const random = createRandom(3);
  const model = createRunCostModel({ isPadded: false });
  for (let run = 0; run < 100; run++) {
    const rows = 1 + Math.floor(random() * 600);
    model.observe(rows, 1, (2 + 0.01 * rows) * (0.9 + 0.2 * random()));
  }
  expect(model.cost.perPair).toBe(0);
  // As one row of so many tokens, or as so many rows of one.
  expect(costOf(model.cost, 1, 4000)).toBeCloseTo(costOf(model.cost, 4000, 1), 6);
  expect(Math.abs(model.predict(4000, 1) / 42 - 1)).toBeLessThan(0.2);
});

test('runs far larger than any that was seen are not told from small ones', () => {
  const model = createRunCostModel({ isPadded: false });
  // Of one shape: what a row costs cannot be told from what a run costs.
  for (let run = 0; run < 50; run++) model.observe(4, 1, 3);
  const { horizon } = model;
  expect(model.predict(1e6, 1)).toBe(model.predict(horizon, 1));
  for (let run = 0; run < 8; run++) model.observe(10_000, 1, 90);
  expect(model.horizon).toBe(80_000);
  expect(Math.abs(model.predict(20_000, 1) / 180 - 1)).toBeLessThan(0.3);
});
