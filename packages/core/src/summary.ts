import { PHASES, type PhaseName } from './semconv.ts';
import { phaseUs, type TraceRecord } from './trace/record.ts';

/** Statistics of one phase over requests, ms. */
export interface PhaseStats {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * Statistics of the recorded requests. Every request counts in every phase, with 0 where it never was in it: so
 * the means of the phases add up to the mean of the total.
 */
export interface Summary {
  readonly count: number;
  readonly unit: 'ms';
  readonly total: PhaseStats | null;
  /** The phases, `total`, and Gradio's names for three of them; empty without requests. */
  readonly phases: Readonly<Partial<Record<PhaseName | GradioPhase | 'total', PhaseStats>>>;
}

/** Gradio's profiling calls these phases otherwise; its clients find them under their names too. */
export type GradioPhase = 'queue_wait' | 'fn_call' | 'streaming_diff';

const gradioNames: Readonly<Record<GradioPhase, PhaseName>> = {
  queue_wait: 'queue',
  fn_call: 'run',
  streaming_diff: 'stream',
};

/**
 * Quantile by linear interpolation (Hyndman & Fan 1996, type 7).
 * @param sorted ascending, shape [n], n >= 1
 * @param q in [0, 1]
 * @throws {RangeError} if `sorted` is empty or `q` is out of range
 */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) throw new RangeError('quantile needs at least one value');
  if (!(q >= 0 && q <= 1)) throw new RangeError(`q must be in [0, 1], got ${q}`);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/**
 * @param values any order, shape [n], n >= 1
 * @throws {RangeError} if `values` is empty
 */
export function statsOf(values: readonly number[]): PhaseStats {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    count: sorted.length,
    mean: sum / sorted.length,
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
  };
}

/** Sums up closed requests. */
export function summarise(records: readonly TraceRecord[]): Summary {
  if (records.length === 0) return { count: 0, unit: 'ms', total: null, phases: {} };
  const phases: Partial<Record<PhaseName | GradioPhase | 'total', PhaseStats>> = {};
  for (const name of PHASES) phases[name] = statsOf(records.map((record) => phaseUs(record, name) / 1000));
  for (const [alias, name] of Object.entries(gradioNames) as [GradioPhase, PhaseName][]) {
    phases[alias] = phases[name] as PhaseStats;
  }
  const total = statsOf(records.map((record) => record.totalUs / 1000));
  phases.total = total;
  return { count: records.length, unit: 'ms', total, phases };
}
