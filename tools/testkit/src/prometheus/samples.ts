/** A series and its value at one moment. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** NaN where the result is a native histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

/** A series and its values over time. */
export interface SampleSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly points: readonly { readonly timeS: number; readonly value: number }[];
}

export interface NativeHistogram {
  readonly count: number;
  readonly sum: number;
  /** Observations in each non-empty bucket, by its lower and upper bound. */
  readonly buckets: readonly { readonly lower: number; readonly upper: number; readonly count: number }[];
}

type RawPoint = readonly [timeS: number, value: string];
interface RawHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [rule: number, lower: string, upper: string, count: string])[];
}
interface RawSeries {
  readonly metric: Record<string, string>;
  readonly value?: RawPoint;
  readonly values?: readonly RawPoint[];
  readonly histogram?: readonly [timeS: number, histogram: RawHistogram];
}
export type QueryData =
  | { readonly resultType: 'scalar'; readonly result: RawPoint }
  | { readonly resultType: 'string'; readonly result: RawPoint }
  | { readonly resultType: 'vector'; readonly result: readonly RawSeries[] }
  | { readonly resultType: 'matrix'; readonly result: readonly RawSeries[] };

/** A scalar becomes one sample without labels. */
export function parseSamples(data: QueryData): Sample[] {
  if (data.resultType === 'scalar' || data.resultType === 'string') {
    return [{ metric: {}, value: parseNumber(data.result[1]) }];
  }
  return data.result.map(({ metric, value, histogram }) => ({
    metric,
    value: parseNumber(value?.[1] ?? 'NaN'),
    ...(histogram === undefined ? {} : { histogram: parseHistogram(histogram[1]) }),
  }));
}

export function parseSeries(data: QueryData): SampleSeries[] {
  if (data.resultType !== 'matrix') throw new TypeError(`expected a matrix, got a ${data.resultType}`);
  return data.result.map(({ metric, values }) => ({
    metric,
    points: (values ?? []).map(([timeS, value]) => ({ timeS, value: parseNumber(value) })),
  }));
}

function parseHistogram({ count, sum, buckets = [] }: RawHistogram): NativeHistogram {
  return {
    count: parseNumber(count),
    sum: parseNumber(sum),
    buckets: buckets.map(([, lower, upper, inBucket]) => ({
      lower: parseNumber(lower),
      upper: parseNumber(upper),
      count: parseNumber(inBucket),
    })),
  };
}

/** Prometheus writes +Inf and -Inf, which Number does not read. */
export function parseNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}
