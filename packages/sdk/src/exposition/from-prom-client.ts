import type { Exemplar, Family, HistogramValue, Labels, Series, SummaryValue } from '@inferometer/core';

/** What `registry.getMetricsAsJSON()` of prom-client 15 gives, as far as we read it; it survives a structured clone. */
export interface PromClientMetric {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge`, `histogram` or `summary`. */
  readonly type: unknown;
  readonly values: readonly PromClientValue[];
}

export interface PromClientValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  /** Of histograms and summaries: the name of the sample, `_bucket`, `_sum` and `_count` included. */
  readonly metricName?: string;
  readonly exemplar?: unknown;
}

interface PromClientExemplar {
  readonly labelSet: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** The metrics of a prom-client registry under their own names; the registry's default labels are in the values. */
export function familiesFromPromClient(metrics: readonly PromClientMetric[]): Family[] {
  return metrics.map(({ name, help, type, values }) => {
    if (type === 'histogram') return { name, help, type, series: toHistograms(name, values) };
    if (type === 'summary') return { name, help, type, series: toSummaries(name, values) };
    const known = type === 'counter' || type === 'gauge' ? type : 'untyped';
    return { name, help, type: known, series: values.map(toSeries) };
  });
}

function toSeries({ labels, value, exemplar }: PromClientValue): Series {
  const taken = toExemplar(exemplar);
  return { labels: toLabels(labels), value, ...(taken ? { exemplar: taken } : {}) };
}

/** One bucket of a series: the cumulative count at its upper bound. */
interface Bucket {
  readonly bound: number;
  readonly cumulative: number;
  readonly exemplar: Exemplar | undefined;
}

interface Group<Part> {
  readonly labels: Labels;
  readonly parts: Part[];
  sum: number;
  count: number;
}

/** The rows of each series, by their labels without the one that tells its parts apart. */
function groupRows<Part>(
  name: string,
  values: readonly PromClientValue[],
  partLabel: string,
  toPart: (row: PromClientValue) => Part,
): Group<Part>[] {
  const groups = new Map<string, Group<Part>>();
  for (const row of values) {
    const labels = toLabels(row.labels, partLabel);
    const key = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, parts: [], sum: 0, count: 0 };
      groups.set(key, group);
    }
    if (row.metricName === `${name}_sum`) group.sum = row.value;
    else if (row.metricName === `${name}_count`) group.count = row.value;
    else group.parts.push(toPart(row));
  }
  return [...groups.values()];
}

function toHistograms(name: string, values: readonly PromClientValue[]): Series[] {
  const groups = groupRows(name, values, 'le', ({ labels, value, exemplar }): Bucket => {
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    return { bound, cumulative: value, exemplar: toExemplar(exemplar) };
  });
  let lastBounds: readonly number[] = [];
  return groups.map(({ labels, parts, sum, count }) => {
    const finite = parts.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY);
    finite.sort((a, b) => a.bound - b.bound);
    const bounds = finite.map(({ bound }) => bound);
    // Series of a metric share their bounds; one array for all lets them be formatted once.
    if (!isSame(bounds, lastBounds)) lastBounds = bounds;
    const counts = finite.map(({ cumulative }, i) => cumulative - (finite[i - 1]?.cumulative ?? 0));
    counts.push(count - (finite.at(-1)?.cumulative ?? 0));
    const exemplars = [...finite, ...parts.filter(({ bound }) => bound === Number.POSITIVE_INFINITY)].map(
      ({ exemplar }) => exemplar,
    );
    const histogram: HistogramValue = {
      count,
      sum,
      classic: { bounds: lastBounds, counts },
      ...(exemplars.some((exemplar) => exemplar !== undefined) ? { exemplars } : {}),
    };
    return { labels, histogram };
  });
}

function toSummaries(name: string, values: readonly PromClientValue[]): Series[] {
  const groups = groupRows(name, values, 'quantile', ({ labels, value }) => {
    return { quantile: Number(labels.quantile), value };
  });
  return groups.map(({ labels, parts, sum, count }) => {
    const summary: SummaryValue = { count, sum, quantiles: parts };
    return { labels, summary };
  });
}

function toLabels(labels: PromClientValue['labels'], except?: string): [string, string][] {
  return Object.entries(labels)
    .filter(([name]) => name !== except)
    .map(([name, value]) => [name, String(value)]);
}

const traceNames: ReadonlySet<string> = new Set(['trace_id', 'traceId', 'traceID']);
const spanNames: ReadonlySet<string> = new Set(['span_id', 'spanId', 'spanID']);

function toExemplar(given: unknown): Exemplar | undefined {
  if (given === null || given === undefined) return undefined;
  const { labelSet, value, timestamp } = given as PromClientExemplar;
  const all = Object.entries(labelSet).map(([name, text]): [string, string] => [name, String(text)]);
  const labels = all.filter(([name]) => !traceNames.has(name) && !spanNames.has(name));
  return {
    value,
    timestampMs: timestamp * 1000,
    traceId: all.find(([name]) => traceNames.has(name))?.[1] ?? '',
    spanId: all.find(([name]) => spanNames.has(name))?.[1] ?? '',
    ...(labels.length > 0 ? { labels } : {}),
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
