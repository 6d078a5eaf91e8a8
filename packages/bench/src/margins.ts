import type { BenchReport } from './report.ts';

/**
 * Ratios within one run that hold on any machine, with wide margins: what fails here is broken, not slow.
 * @returns one line for each that does not hold
 */
export function outsideMargins(report: BenchReport): string[] {
  const at = (connections: number): number =>
    report.throughput.find((row) => row.connections === connections)?.requestsPerSecond ?? 0;
  const found: string[] = [];
  const expectAtMost = (what: string, value: number, most: number): void => {
    if (!(value <= most)) found.push(`${what} is ${value.toFixed(2)}, expected at most ${most}`);
  };
  const expectAtLeast = (what: string, value: number, least: number): void => {
    if (!(value >= least)) found.push(`${what} is ${value.toFixed(2)}, expected at least ${least}`);
  };
  expectAtMost(
    'heap after the last request over heap after the first thousand',
    report.memory.heapGrowthRatio,
    1.5,
  );
  // Batches and a second executor: more connections must not make the service slower.
  expectAtLeast('throughput at 32 connections over that at 1', at(32) / at(1), 0.9);
  // A model that ran on the main thread would delay its loop by a whole request.
  const requestMs = (16 * 16 * 1000) / report.eventLoop.sequencesPerSecond;
  expectAtMost(
    'event-loop delay p50 over the time of a request under full load',
    report.eventLoop.loopDelayP50Ms / requestMs,
    0.2,
  );
  return found;
}
