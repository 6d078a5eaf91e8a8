import { createLoneRuns, type LoneRuns } from '@inferometer/engine';
import { expect, test } from 'vitest';

const shape = { rows: 1, width: 12 };

/** Runs one after the other, each as long as its executor takes then. @returns which of them the solo one ran */
function simulate(
  lone: LoneRuns,
  runs: number,
  ms: { readonly usual: number; readonly solo: number | ((run: number) => number) },
): boolean[] {
  return Array.from({ length: runs }, (_, run) => {
    const isSolo = lone.prefersSolo(shape);
    const soloMs = typeof ms.solo === 'number' ? ms.solo : ms.solo(run);
    lone.begin(isSolo).observe(shape.rows, shape.width, isSolo ? soloMs : ms.usual);
    return isSolo;
  });
}

const share = (choices: readonly boolean[]): number => choices.filter(Boolean).length / choices.length;

test('the faster one runs nearly all that is alone', () => {
  expect(share(simulate(createLoneRuns(), 2000, { usual: 12, solo: 8 }).slice(1000))).toBeGreaterThan(0.99);
  expect(share(simulate(createLoneRuns(), 2000, { usual: 8, solo: 12 }).slice(1000))).toBeLessThan(0.01);
});

test('all cores are worth it only for a clear gain', () => {
  expect(share(simulate(createLoneRuns(), 2000, { usual: 10, solo: 9.5 }).slice(1000))).toBeLessThan(0.01);
});

test('a slow start is forgotten', () => {
  const solo = (run: number): number => (run < 20 ? 40 : 8);
  const choices = simulate(createLoneRuns(), 2000, { usual: 12, solo });
  expect(share(choices.slice(500))).toBeGreaterThan(0.95);
});

test('the first run after the other one’s says nothing: its caches are cold', () => {
  const lone = createLoneRuns();
  let last: boolean | undefined;
  const choices = Array.from({ length: 2000 }, () => {
    const isSolo = lone.prefersSolo(shape);
    const warm = isSolo ? 8 : 12;
    lone.begin(isSolo).observe(shape.rows, shape.width, isSolo === last ? warm : 3 * warm);
    last = isSolo;
    return isSolo;
  });
  expect(share(choices.slice(500))).toBeGreaterThan(0.98);
});

test('it follows the machine when that changes', () => {
  const lone = createLoneRuns();
  simulate(lone, 1000, { usual: 12, solo: 8 });
  expect(share(simulate(lone, 3000, { usual: 12, solo: 20 }).slice(2000))).toBeLessThan(0.01);
  expect(share(simulate(lone, 6000, { usual: 12, solo: 8 }).slice(5000))).toBeGreaterThan(0.95);
});

test('where others join, no run is given all cores, and what it took beside them is not learned', () => {
  const lone = createLoneRuns();
  simulate(lone, 200, { usual: 12, solo: 8 });
  const busy = Array.from({ length: 100 }, () => {
    const isSolo = lone.prefersSolo(shape);
    const run = lone.begin(isSolo);
    lone.join();
    run.observe(shape.rows, shape.width, isSolo ? 40 : 14);
    return isSolo;
  });
  expect(busy.slice(10)).not.toContain(true);
  // It is the faster one still, once it has the machine to itself.
  expect(share(simulate(lone, 110, { usual: 12, solo: 8 }).slice(10))).toBeGreaterThan(0.9);
});

test('trials are rare: not one request in a hundred pays for them in the long run', () => {
  const choices = simulate(createLoneRuns(), 20_000, { usual: 8, solo: 12 });
  const trials = choices.slice(2000).filter(Boolean).length;
  expect(trials).toBeGreaterThan(10);
  expect(trials / 18_000).toBeLessThan(0.01);
});
