import {
  type ItemTimes,
  type LiveTrace,
  PHASES,
  type PhaseName,
  sweepItems,
  type TraceRecord,
  traceJson,
} from '@inferometer/core';
import { expect, test } from 'vitest';
import { openTrace } from './open-trace.ts';
import { createRandom } from './random.ts';

function traced(build: (trace: LiveTrace) => void, endMs: number): TraceRecord {
  const trace = openTrace();
  build(trace);
  return trace.end({ status: 200, at: endMs });
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
  const trace = openTrace();
  trace.enter('admission');
  const record = trace.end({ status: 503, errorType: 'overloaded' });
  trace.enter('run');
  trace.replay([{ at: trace.startedAt, phase: 'run' }]);
  expect(trace.end({ status: 200 })).toBe(record);
  trace.addBatch({ id: 'b', size: 1, reason: 'full', paddingRatio: 0, deviceMsShare: 1 });
  expect(record).toMatchObject({ status: 503, errorType: 'overloaded', batches: [], deviceMs: 0 });
});

test('a phase that took no time is there, and counts', () => {
  const record = traced((trace) => {
    trace.enter('admission', 1);
    trace.enter('queue', 1.0001);
    trace.enter('run', 1.0002);
    trace.leave(3);
    trace.enter('run', 3.0001);
  }, 4);
  expect(record.totals.map(({ name, durationUs, count }) => [name, durationUs, count])).toEqual([
    ['admission', 0, 1],
    ['queue', 0, 1],
    ['run', 3000, 2],
    ['unattributed', 1000, 1],
  ]);
});

test('a timeline of more marks than are kept still adds up, and counts all of them', () => {
  const random = createRandom(3);
  const names = ['queue', 'run', 'stream'] as const;
  const sums = new Map<string | undefined, number>();
  let last: string | undefined;
  let entered = 0;
  let now = 0;
  const trace = openTrace();
  const pass = (): void => {
    const ms = Math.round(random() * 50) / 1000;
    sums.set(last, (sums.get(last) ?? 0) + ms);
    now += ms;
  };
  for (let i = 0; i < 300_000; i++) {
    pass();
    const name = random() < 0.2 ? undefined : random.pick(names);
    if (name === undefined) trace.leave(now);
    else {
      if (name !== last) entered++;
      trace.enter(name, now);
    }
    last = name;
  }
  pass();
  const record = trace.end({ status: 200, at: now });
  expect(record.totalUs).toBe(Math.round(now * 1000));
  expect(record.totals.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBe(record.totalUs);
  expect(record.atUs.length).toBeLessThanOrEqual(65_536);
  const counted = record.totals.filter(({ name }) => name !== 'unattributed');
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(entered);
  for (const name of names) {
    const us = record.totals.find((total) => total.name === name)?.durationUs ?? 0;
    // Whole µs of a time that is summed in floats.
    expect(Math.abs(us - (sums.get(name) ?? 0) * 1000)).toBeLessThan(100);
  }
});
