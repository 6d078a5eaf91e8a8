import {
  createRequestTrace,
  type ItemTimes,
  PHASES,
  type PhaseName,
  sweepItems,
  traceJson,
} from '@inferometer/core';
import { expect, test } from 'vitest';

const at = (ms: number): number => ms;

/** The same numbers in [0, 1) on every run (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function traced(build: (trace: ReturnType<typeof createRequestTrace>) => void, endMs: number) {
  const trace = createRequestTrace({
    method: 'POST',
    fnName: '/embed',
    start: { at: at(0), epochUs: 1_000_000 },
  });
  build(trace);
  return trace.end({ status: 200, at: at(endMs) });
}

test('the phases and unattributed add up to the total', () => {
  const record = traced((trace) => {
    trace.enter('admission', 0.5);
    trace.enter('preprocess', 1);
    trace.leave(2);
    trace.enter('run', 3.2505);
    trace.enter('postprocess', 5);
  }, 6);
  expect(record.totalUs).toBe(6000);
  expect(record.totals).toEqual([
    { name: 'admission', startUs: 500, durationUs: 500, count: 1 },
    { name: 'preprocess', startUs: 1000, durationUs: 1000, count: 1 },
    { name: 'run', startUs: 3251, durationUs: 1749, count: 1 },
    { name: 'postprocess', startUs: 5000, durationUs: 1000, count: 1 },
    { name: 'unattributed', startUs: 0, durationUs: 1751, count: 2 },
  ]);
});

test('whatever is marked in whatever order, the phases add up to the total to the microsecond', () => {
  const random = createRandom(7);
  for (let round = 0; round < 500; round++) {
    const endMs = random() * 50;
    const record = traced((trace) => {
      for (let mark = 0; mark < random() * 30; mark++) {
        const phase = PHASES[Math.floor(random() * 7)] as PhaseName;
        // Times may lie beyond the end and before the mark before: clocks of other processes, late replies.
        if (random() < 0.2) trace.leave(random() * 60);
        else trace.enter(phase, random() * 60);
      }
    }, endMs);
    const sum = record.totals.reduce((total, phase) => total + phase.durationUs, 0);
    expect(sum).toBe(record.totalUs);
    expect(record.totals.every((phase) => phase.durationUs >= 0 && Number.isInteger(phase.durationUs))).toBe(
      true,
    );
    const json = traceJson(record);
    const ms = json.phases.reduce((total, phase) => total + phase.duration_ms, 0);
    expect(ms).toBeCloseTo(json.total_ms, 6);
  }
});

test('a phase entered again accumulates and counts', () => {
  const record = traced((trace) => {
    for (let step = 0; step < 4; step++) {
      trace.enter('queue', step * 2);
      trace.enter('run', step * 2 + 1);
    }
  }, 8);
  expect(record.totals.map(({ name, durationUs, count }) => [name, durationUs, count])).toEqual([
    ['queue', 4000, 4],
    ['run', 4000, 4],
    ['unattributed', 0, 0],
  ]);
});

test('a request whose items run side by side is in the phase of the one furthest along', () => {
  const items: ItemTimes[] = [
    { enqueued: 0, dispatched: 1, runStart: 2, runEnd: 5 },
    { enqueued: 0, dispatched: 4, runStart: 4.5, runEnd: 7 },
    { enqueued: 0, dispatched: 8, runStart: 9, runEnd: 10 },
  ];
  expect(sweepItems(items, 0)).toEqual([
    { at: 0, phase: 'queue' },
    { at: 1, phase: 'batch' },
    { at: 2, phase: 'run' },
    { at: 7, phase: 'queue' },
    { at: 8, phase: 'batch' },
    { at: 9, phase: 'run' },
    { at: 10, phase: 'postprocess' },
  ]);
});

test('an ended trace stays as it ended', () => {
  const trace = createRequestTrace({ method: 'POST', fnName: '/embed' });
  trace.enter('admission');
  const record = trace.end({ status: 503, errorType: 'overloaded' });
  trace.enter('run');
  trace.replay([{ at: trace.startedAt, phase: 'run' }]);
  expect(trace.end({ status: 200 })).toBe(record);
  expect(record).toMatchObject({ status: 503, errorType: 'overloaded' });
});
