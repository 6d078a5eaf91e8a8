import type { Exemplar, Family, HistogramValue, Series } from './family.ts';
import { sumNative } from './native-scale.ts';

/**
 * Adds up what several memories measured under the same names and labels, such as the main process's and its
 * executors': counters, gauges and histograms are summed, of exemplars the newest stays.
 */
export function sumFamilies(lists: readonly (readonly Family[])[]): Family[] {
  const byName = new Map<string, { readonly family: Family; readonly series: Map<string, Series> }>();
  for (const list of lists) {
    for (const family of list) {
      let known = byName.get(family.name);
      if (known === undefined) {
        known = { family, series: new Map() };
        byName.set(family.name, known);
      }
      for (const series of family.series) {
        const key = JSON.stringify(series.labels);
        const before = known.series.get(key);
        known.series.set(key, before ? addSeries(before, series) : series);
      }
    }
  }
  return [...byName.values()].map(({ family, series }) => ({ ...family, series: [...series.values()] }));
}

function addSeries(a: Series, b: Series): Series {
  const createdMs = Math.min(
    a.createdMs ?? Number.POSITIVE_INFINITY,
    b.createdMs ?? Number.POSITIVE_INFINITY,
  );
  const exemplar = newer(a.exemplar, b.exemplar);
  const histogram = a.histogram && b.histogram ? addHistograms(a.histogram, b.histogram) : a.histogram;
  return {
    ...a,
    ...(Number.isFinite(createdMs) ? { createdMs } : {}),
    ...(a.value === undefined ? {} : { value: a.value + (b.value ?? 0) }),
    ...(exemplar ? { exemplar } : {}),
    ...(histogram ? { histogram } : {}),
  };
}

function addHistograms(a: HistogramValue, b: HistogramValue): HistogramValue {
  // Without the buckets of one there are none that would hold all observations.
  const native = a.native && b.native ? sumNative(a.native, b.native) : undefined;
  const classic = a.classic && b.classic ? addClassic(a, b) : undefined;
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    ...(a.hasSum === false || b.hasSum === false ? { hasSum: false } : {}),
    ...classic,
    ...(native ? { native } : {}),
  };
}

/** The buckets of both; where bounds differ, such as after a change of configuration, between the bounds that both have. */
function addClassic(a: HistogramValue, b: HistogramValue): Pick<HistogramValue, 'classic' | 'exemplars'> {
  const bounds = boundsOf(a).filter((bound) => boundsOf(b).includes(bound));
  const [x, y] = [between(a, bounds), between(b, bounds)];
  return {
    classic: { bounds, counts: x.counts.map((count, i) => count + (y.counts[i] as number)) },
    exemplars: x.exemplars.map((exemplar, i) => newer(exemplar, y.exemplars[i])),
  };
}

interface Buckets {
  readonly counts: number[];
  readonly exemplars: (Exemplar | undefined)[];
}

/** A histogram's buckets, merged between bounds that are among its own. */
function between(value: HistogramValue, bounds: readonly number[]): Buckets {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  const exemplars = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
  const own = boundsOf(value);
  let bucket = 0;
  value.classic?.counts.forEach((count, i) => {
    // The bound below this bucket may be the one that ends the merged bucket.
    if (i > 0 && own[i - 1] === bounds[bucket]) bucket++;
    counts[bucket] = (counts[bucket] as number) + count;
    exemplars[bucket] = newer(exemplars[bucket], value.exemplars?.[i]);
  });
  return { counts, exemplars };
}

function boundsOf(value: HistogramValue): readonly number[] {
  return value.classic?.bounds ?? [];
}

function newer(a: Exemplar | undefined, b: Exemplar | undefined): Exemplar | undefined {
  return (a?.timestampMs ?? 0) >= (b?.timestampMs ?? 0) ? a : b;
}
