import { PHASES, type PhaseName } from './semconv.ts';
import type { FinishedTrace } from './trace/record.ts';

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
  /**
   * The standard phases, those of other names that any request was in, `total`, and Gradio's names for three of them;
   * empty without requests.
   */
  readonly phases: SummaryPhases;
}

/** Statistics by phase. */
export type SummaryPhases = Readonly<Partial<Record<PhaseName | GradioPhase | 'total', PhaseStats>>> &
  Readonly<Record<string, PhaseStats | undefined>>;

/** Gradio's profiling calls these phases otherwise; its clients find them under their names too. */
export type GradioPhase = 'queue_wait' | 'fn_call' | 'streaming_diff';

const gradioNames: Readonly<Record<GradioPhase, PhaseName>> = {
  queue_wait: 'queue',
  fn_call: 'run',
  streaming_diff: 'stream',
};

/** Names that stand for something else in a summary. */
const reserved: ReadonlySet<string> = new Set(['total', ...Object.keys(gradioNames)]);

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
export function statsOf(values: ArrayLike<number>): PhaseStats {
  const sorted = [...Float64Array.from(values).sort()];
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

/** Names of phases beyond the standard ones in a summary, at most: a name made of an id must not make it endless. */
const maxOtherPhases = 100;

/** Sums up closed requests. */
export function summarise(records: readonly FinishedTrace[]): Summary {
  if (records.length === 0) return { count: 0, unit: 'ms', total: null, phases: {} };
  const byPhase = durationsByPhase(records);
  const phases: Record<string, PhaseStats> = {};
  for (const [name, ms] of byPhase) phases[name] = statsOf(ms);
  for (const [alias, name] of Object.entries(gradioNames)) phases[alias] = phases[name] as PhaseStats;
  const total = statsOf(records.map((record) => record.totalUs / 1000));
  phases.total = total;
  return { count: records.length, unit: 'ms', total, phases };
}

/** The time of each record in each phase, ms; the standard phases first and `unattributed` last. */
function durationsByPhase(records: readonly FinishedTrace[]): Map<string, Float64Array> {
  const others = new Set<string>();
  const standard = new Set<string>(PHASES);
  for (const { totals } of records) {
    for (const { name } of totals) {
      if (!standard.has(name) && !reserved.has(name) && others.size < maxOtherPhases) others.add(name);
    }
  }
  const names = [...PHASES.slice(0, -1), ...others, 'unattributed'];
  const byPhase = new Map(names.map((name) => [name, new Float64Array(records.length)]));
  records.forEach(({ totals }, i) => {
    for (const { name, durationUs } of totals) {
      const ms = byPhase.get(name);
      if (ms) ms[i] = durationUs / 1000;
    }
  });
  return byPhase;
}
