/**
 * What a scrape or an OTLP push is made of, wherever it was measured: shared memory, the OpenTelemetry API's
 * instruments, prom-client registries. Plain data that structured clone can carry between threads.
 */
export interface Family {
  /** Prometheus family name; a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  /** UCUM unit where known, such as `s`, `By`, `1`; not printed where the format has no place for it. */
  readonly unit?: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  /** Name of the instrument as OTLP has it, where it differs from `name`. */
  readonly otlpName?: string;
  /** Of gauges: a sum of additions that may fall (an UpDownCounter), which OTLP sends as a non-monotonic sum. */
  readonly isSum?: boolean;
  readonly series: readonly Series[];
}

/** Label names and values, in the order in which they are written. */
export type Labels = readonly (readonly [name: string, value: string])[];

export interface Series {
  readonly labels: Labels;
  /**
   * Attributes as the instrument had them, where `labels` are a Prometheus spelling of them: what OTLP sends instead
   * of the labels, those of the scope (`otel_scope_…`) excepted.
   */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** When the series began to count, ms since the epoch. */
  readonly createdMs?: number;
  /** Of counters and gauges. */
  readonly value?: number;
  /** Of counters: the last one. */
  readonly exemplar?: Exemplar;
  readonly histogram?: HistogramValue;
  /** Of summaries. */
  readonly summary?: SummaryValue;
}

export interface HistogramValue {
  /** Of all observations; what formats print is added up from the buckets, where there are any. */
  readonly count: number;
  readonly sum: number;
  /** False where observations may be negative, so that a sum would look like a reset: it is not written. @default true */
  readonly hasSum?: boolean;
  /** Upper bounds, ascending, without +Inf; `counts` has one more: not cumulative, the last one is +Inf's. */
  readonly classic?: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
  readonly native?: NativeValue;
  /** At most one a classic bucket, in the order of the buckets; indexed like `counts`. */
  readonly exemplars?: readonly (Exemplar | undefined)[];
}

/** Base-2 exponential buckets: bucket i of scale s has the bounds (2^(i/2^s), 2^((i+1)/2^s)]. */
export interface NativeValue {
  /** -4 … 8. */
  readonly scale: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Counts of buckets `offset`, `offset + 1`, …; not cumulative. */
  readonly positive: { readonly offset: number; readonly counts: readonly number[] };
  readonly negative?: { readonly offset: number; readonly counts: readonly number[] };
}

export interface Exemplar {
  readonly value: number;
  readonly timestampMs: number;
  /** Lower-case hex; empty if there is none. */
  readonly traceId: string;
  readonly spanId: string;
  /** Further labels; formats that limit an exemplar's length leave out what does not fit. */
  readonly labels?: Labels;
}

export interface SummaryValue {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}
