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
