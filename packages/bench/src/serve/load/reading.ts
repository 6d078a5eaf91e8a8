import { mean, quantile } from '../statistics.ts';
import type { Outcome } from './outcome.ts';

/** What a load says of a server; names as `--json` prints them. */
export interface LoadReading {
  readonly rps: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** CPU of the load generator for a request. */
  readonly generator_us: number;
}

/** @throws {Error} if any request failed: figures of failures say nothing */
export function readingOf(outcome: Outcome, who: string): LoadReading {
  const failed = outcome.statuses.filter((status) => status !== 200);
  if (failed.length > 0 || outcome.statuses.length === 0) {
    const kinds = [...new Set(failed)].map((status) => (status === 0 ? 'a broken connection' : status));
    throw new Error(
      `${who}: ${failed.length} of ${outcome.statuses.length} requests failed, with ${kinds.join(', ')}`,
    );
  }
  const sorted = outcome.latenciesMs.toSorted();
  return {
    rps: sorted.length / outcome.seconds,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    generator_us: (outcome.cpuSeconds * 1e6) / sorted.length,
  };
}

/** An open loop; names as `--json` prints them. */
export interface OpenReading {
  readonly offered_rps: number;
  /** Answers with status 200 within the deadline. */
  readonly goodput_rps: number;
  /** Answers with another status, by status; 0 is a broken connection. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of answers with status 200. */
  readonly admitted_p50_ms: number;
  readonly admitted_p99_ms: number;
  /** Of all others. */
  readonly refused_p50_ms: number;
  /** By the load generator's own fault; it is in the latencies. */
  readonly lateness_p99_ms: number;
  readonly generator_us: number;
}

/** @param deadlineMs from when a request was due */
export function openReadingOf(outcome: Outcome, deadlineMs: number): OpenReading {
  const { latenciesMs, statuses } = outcome;
  const admitted = latenciesMs.filter((_, index) => statuses[index] === 200).sort();
  const refused = latenciesMs.filter((_, index) => statuses[index] !== 200).sort();
  const counts: Record<string, number> = {};
  for (const status of statuses)
    if (status !== 200) counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  return {
    offered_rps: statuses.length / outcome.seconds,
    goodput_rps: admitted.filter((latency) => latency <= deadlineMs).length / outcome.seconds,
    refused: counts,
    admitted_p50_ms: quantile(admitted, 0.5),
    admitted_p99_ms: quantile(admitted, 0.99),
    refused_p50_ms: quantile(refused, 0.5),
    lateness_p99_ms: quantile(outcome.latenessMs.toSorted(), 0.99),
    generator_us: (outcome.cpuSeconds * 1e6) / statuses.length,
  };
}

/** Largest difference of two vectors' numbers. @returns Infinity if their lengths differ */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  // NaN compares as false everywhere: it must not pass for a small one.
  return Number.isNaN(mean(a)) ? Number.POSITIVE_INFINITY : most;
}
