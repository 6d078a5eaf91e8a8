import type { Exemplar, Family, Series } from '@inferometer/core';
import { copyHistogram, subtractHistogram } from './histogram-difference.ts';
import { labelKey } from './labels.ts';

/** What changed since the last push that got through. */
export interface DeltaPush {
  /**
   * Counters and histograms less what was pushed before, `createdMs` being the start of the difference; without the
   * series that did not change. Gauges and summaries as they are.
   */
  readonly families: Family[];
  /** To be called when the receiver has it all; without it the next push has this difference too. */
  commit(): void;
}

export interface Deltas {
  /** @param timeMs when the families were read, ms since the epoch */
  prepare(families: readonly Family[], timeMs: number): DeltaPush;
}

type State = Pick<Series, 'value' | 'histogram' | 'createdMs'>;
type States = ReadonlyMap<string, State>;

/**
 * Remembers per series what was pushed last, and subtracts it. A series seen for the first time is pushed whole, and so
 * is one that began anew: its value fell, its buckets changed or it says that it was created again. What is no
 * longer there is forgotten.
 */
export function createDeltas(): Deltas {
  let pushed: ReadonlyMap<string, States> = new Map();
  let pushedMs: number | undefined;
  return {
    prepare(families, timeMs) {
      const next = new Map<string, States>();
      const changed: Family[] = [];
      for (const family of families) {
        if (family.type !== 'counter' && family.type !== 'histogram') {
          changed.push(family);
          continue;
        }
        const before = pushed.get(family.name);
        const states = new Map<string, State>();
        const differences: Series[] = [];
        for (const series of family.series) {
          const key = labelKey(series.labels);
          const difference = differenceOf(series, before?.get(key), pushedMs);
          if (difference) differences.push(difference);
          states.set(key, copyOf(series));
        }
        next.set(family.name, states);
        if (differences.length > 0) changed.push({ ...family, series: differences });
      }
      return {
        families: changed,
        commit() {
          pushed = next;
          pushedMs = timeMs;
        },
      };
    },
  };
}

/** Undefined if nothing happened. */
function differenceOf(
  series: Series,
  before: State | undefined,
  pushedMs: number | undefined,
): Series | undefined {
  const { value, histogram, createdMs, exemplar, ...rest } = series;
  const isNew = (each: Exemplar): boolean => pushedMs === undefined || each.timestampMs > pushedMs;
  // Compared with its own earlier time, not with the push's: that is of another clock, perhaps of another thread.
  const began = createdMs !== undefined && before?.createdMs !== undefined && createdMs > before.createdMs;
  const known = began ? undefined : before;
  const startOf = (continues: boolean): { createdMs?: number } => {
    // What was never pushed counts since it was created; what fell, since the push before.
    const startMs = !continues && (began || before === undefined) ? (createdMs ?? pushedMs) : pushedMs;
    return startMs === undefined ? {} : { createdMs: startMs };
  };
  if (value !== undefined) {
    const continues = known?.value !== undefined && value >= known.value;
    const difference = continues ? value - (known.value as number) : value;
    if (difference === 0) return undefined;
    const kept = exemplar && isNew(exemplar) ? { exemplar } : {};
    return { ...rest, value: difference, ...startOf(continues), ...kept };
  }
  if (histogram === undefined) return undefined;
  const subtracted = known?.histogram && subtractHistogram(histogram, known.histogram);
  const difference = subtracted ?? histogram;
  if (difference.count === 0) return undefined;
  const exemplars = histogram.exemplars?.map((each) => (each && isNew(each) ? each : undefined));
  return {
    ...rest,
    histogram: exemplars ? { ...difference, exemplars } : difference,
    ...startOf(subtracted !== undefined),
  };
}

/** The values apart from the arrays they came in, which a producer may go on writing to. */
function copyOf({ value, histogram, createdMs }: Series): State {
  const times = createdMs === undefined ? {} : { createdMs };
  if (histogram === undefined) return value === undefined ? times : { ...times, value };
  return { ...times, histogram: copyHistogram(histogram) };
}
