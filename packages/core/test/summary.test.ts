import { PHASES, quantile, summarise, type TraceRecord } from '@inferometer/core';
import { expect, test } from 'vitest';
import { openTrace } from './open-trace.ts';

function request(runMs: number, totalMs: number): TraceRecord {
  const trace = openTrace();
  trace.enter('run', 0);
  trace.enter('postprocess', runMs);
  return trace.end({ status: 200, at: totalMs });
}

test('quantiles interpolate between the two nearest values', () => {
  const values = [1, 2, 3, 4];
  expect([0, 0.25, 0.5, 0.9, 1].map((q) => quantile(values, q))).toEqual([1, 1.75, 2.5, 3.7, 4]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow('at least one value');
  expect(() => quantile(values, 1.1)).toThrow('q must be in [0, 1], got 1.1');
});

test('the means of the phases add up to the mean of the total', () => {
  const summary = summarise([request(1, 3), request(2, 3), request(6, 10)]);
  expect(summary.count).toBe(3);
  expect(summary.phases.run).toMatchObject({ count: 3, mean: 3, min: 1, max: 6, p50: 2 });
  expect(summary.phases.fn_call).toEqual(summary.phases.run);
  expect(summary.total).toEqual(summary.phases.total);
  const names = [
    'admission',
    'preprocess',
    'queue',
    'batch',
    'run',
    'postprocess',
    'stream',
    'unattributed',
  ] as const;
  const means = names.reduce((sum, name) => sum + (summary.phases[name]?.mean ?? Number.NaN), 0);
  expect(means).toBeCloseTo(summary.total?.mean ?? 0, 9);
});

test('phases of other names are summed up beside the standard ones', () => {
  const own = (name: string, ms: number): TraceRecord => {
    const trace = openTrace();
    trace.enter(name, 0);
    trace.leave(ms);
    return trace.end({ status: 200, at: 10 });
  };
  const { phases, total } = summarise([
    own('detokenize', 4),
    own('guard', 2),
    own('run', 6),
    own('total', 1),
  ]);
  expect(phases.detokenize).toMatchObject({ count: 4, mean: 1, max: 4, min: 0 });
  expect(phases.guard).toMatchObject({ count: 4, mean: 0.5 });
  expect(phases.fn_call).toEqual(phases.run);
  expect(phases.total).toEqual(total);
  expect(total?.mean).toBe(10);
  expect(Object.keys(phases).slice(PHASES.length - 1, PHASES.length + 2)).toEqual([
    'detokenize',
    'guard',
    'unattributed',
  ]);
});

test('a summary of phases named by ids does not grow without end', () => {
  const records = Array.from({ length: 300 }, (_, i) => {
    const trace = openTrace();
    trace.enter(`user ${i}`, 0);
    return trace.end({ status: 200, at: 1 });
  });
  expect(Object.keys(summarise(records).phases).length).toBeLessThan(120);
});

test('without requests the summary is empty', () => {
  expect(summarise([])).toEqual({ count: 0, unit: 'ms', total: null, phases: {} });
});
