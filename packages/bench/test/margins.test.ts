import { type BenchReport, formatReport, outsideMargins } from '@inferometer/bench';
import { expect, test } from 'vitest';

const row = (connections: number, requestsPerSecond: number) => ({
  connections,
  requestsPerSecond,
  p50Ms: 1,
  p95Ms: 2,
  p99Ms: 3,
  requests: 1000,
});

const reading = (requests: number, heapUsedBytes: number) => ({ requests, heapUsedBytes, rssBytes: 100e6 });

const report: BenchReport = {
  node: 'v24',
  cores: 2,
  executors: 2,
  start: { readyMs: 900, firstAnswerMs: 950 },
  throughput: [row(1, 300), row(8, 900), row(32, 1000)],
  eventLoop: {
    loopDelayP50Ms: 0.1,
    loopDelayP99Ms: 2,
    loopDelayMaxMs: 8,
    executorBusyRatio: 0.97,
    sequencesPerSecond: 800,
  },
  memory: { before: reading(1000, 30e6), after: reading(10_000, 31e6), heapGrowthRatio: 31 / 30 },
};

test('a sound report is inside all margins', () => {
  expect(outsideMargins(report)).toEqual([]);
});

test('a leak, a throughput that falls with connections and a blocked loop are found', () => {
  const broken: BenchReport = {
    ...report,
    throughput: [row(1, 300), row(8, 200), row(32, 100)],
    eventLoop: { ...report.eventLoop, loopDelayP50Ms: 200 },
    memory: { ...report.memory, heapGrowthRatio: 3 },
  };
  expect(outsideMargins(broken)).toHaveLength(3);
});

test('the report names every figure', () => {
  const text = formatReport(report);
  for (const part of [
    '950 ms',
    '32 connections',
    '97 % busy',
    'p99 2.00 ms',
    'after  10000 requests',
    'heap grew by 3.3 %',
  ]) {
    expect(text).toContain(part);
  }
});
