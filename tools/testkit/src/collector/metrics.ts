import { type Attributes, type OtlpKeyValue, parseAttributes, parseJsonLines } from './otlp-json.ts';

/** One data point of a metric as the Collector got it. */
export interface CollectedPoint {
  readonly name: string;
  readonly unit: string;
  readonly type: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  readonly attributes: Attributes;
  /** The value of a gauge or sum; the sum of a histogram's observations. */
  readonly value: number;
  /** Observations of a histogram; undefined for a gauge or sum. */
  readonly count: number | undefined;
  readonly resource: Attributes;
  /** The data point itself, in OTLP's JSON encoding. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const types = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** The data points of what the Collector's file exporter wrote, oldest first. */
export function parseMetrics(jsonLines: string): CollectedPoint[] {
  return (parseJsonLines(jsonLines) as RawMetrics[]).flatMap(({ resourceMetrics = [] }) =>
    resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) =>
      scopeMetrics.flatMap(({ metrics = [] }) =>
        metrics.flatMap((metric) => parseMetric(metric, parseAttributes(resource?.attributes))),
      ),
    ),
  );
}

function parseMetric(metric: RawMetric, resource: Attributes): CollectedPoint[] {
  const type = types.find((candidate) => metric[candidate] !== undefined);
  if (type === undefined) return [];
  return (metric[type]?.dataPoints ?? []).map((raw) => ({
    name: metric.name,
    unit: metric.unit ?? '',
    type,
    attributes: parseAttributes(raw.attributes),
    value: Number(raw.asDouble ?? raw.asInt ?? raw.sum ?? 0),
    count: raw.count === undefined ? undefined : Number(raw.count),
    resource,
    raw: { ...raw },
  }));
}

interface RawPoint {
  readonly attributes?: readonly OtlpKeyValue[];
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly sum?: number;
  readonly count?: string;
}
type RawMetric = { readonly name: string; readonly unit?: string } & {
  readonly [type in CollectedPoint['type']]?: { readonly dataPoints?: readonly RawPoint[] };
};
interface RawMetrics {
  readonly resourceMetrics?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpKeyValue[] };
    readonly scopeMetrics?: readonly { readonly metrics?: readonly RawMetric[] }[];
  }[];
}
