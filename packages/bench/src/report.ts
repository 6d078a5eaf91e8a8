import type { LoadResult } from './load.ts';
import type { EventLoopResult, MemoryReading } from './scenarios.ts';

/** Everything that one run measured; the JSON of `--json`. */
export interface BenchReport {
  readonly node: string;
  readonly cores: number;
  readonly executors: number;
  readonly start: { readonly readyMs: number; readonly firstAnswerMs: number };
  readonly throughput: readonly (LoadResult & { readonly connections: number })[];
  readonly eventLoop: EventLoopResult;
  readonly memory: {
    readonly before: MemoryReading;
    readonly after: MemoryReading;
    readonly heapGrowthRatio: number;
  };
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** The report as a person reads it. */
export function formatReport(report: BenchReport): string {
  const { start, eventLoop, memory } = report;
  const rows = report.throughput.map(
    (row) =>
      `  ${String(row.connections).padStart(3)} connections ${row.requestsPerSecond.toFixed(0).padStart(7)} requests/s` +
      `   p50 ${ms(row.p50Ms)}   p95 ${ms(row.p95Ms)}   p99 ${ms(row.p99Ms)}`,
  );
  return [
    `Node ${report.node}, ${report.cores} cores shared with the load generator, ${report.executors} executors`,
    '',
    'Start',
    `  process start to ready         ${start.readyMs.toFixed(0)} ms`,
    `  process start to first answer  ${start.firstAnswerMs.toFixed(0)} ms`,
    '',
    'POST /embed, one short text',
    ...rows,
    '',
    `Event loop of the main thread while the executors are ${(eventLoop.executorBusyRatio * 100).toFixed(0)} % busy` +
      ` (${eventLoop.sequencesPerSecond.toFixed(0)} long texts/s)`,
    `  delay p50 ${ms(eventLoop.loopDelayP50Ms)}   p99 ${ms(eventLoop.loopDelayP99Ms)}   max ${ms(eventLoop.loopDelayMaxMs)}`,
    '',
    'Memory of the main process',
    ...[memory.before, memory.after].map(
      (reading) =>
        `  after ${String(reading.requests).padStart(6)} requests   heap ${mib(reading.heapUsedBytes)}   resident ${mib(reading.rssBytes)}`,
    ),
    `  heap grew by ${((memory.heapGrowthRatio - 1) * 100).toFixed(1)} %`,
    '',
  ].join('\n');
}
