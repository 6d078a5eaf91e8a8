import { type Env, integerOf, listOf, memberOf, oneOf, textOf } from './env.ts';
import { histogramBoundsOf } from './histogram-bounds.ts';
import { longestMs, otlpOf } from './otlp.ts';
import type { MetricsConfig, OtlpMetricsConfig } from './telemetry-config.ts';

export const defaultPrometheus: NonNullable<MetricsConfig['prometheus']> = { host: 'localhost', port: 9464 };
export const defaultPush: Pick<
  OtlpMetricsConfig,
  'temporality' | 'histogramAggregation' | 'intervalMs' | 'exportTimeoutMs'
> = {
  temporality: 'cumulative',
  histogramAggregation: 'explicit_bucket_histogram',
  intervalMs: 60_000,
  exportTimeoutMs: 30_000,
};

/**
 * Scrapes alone if no exporter is named, also with an OTLP endpoint: most who set it for traces scrape metrics, and
 * would get each of them twice.
 */
export function metricsOf(env: Env, warnings: string[]): MetricsConfig {
  const possible = ['prometheus', 'otlp', 'none'] as const;
  const exporters = (listOf(env, 'OTEL_METRICS_EXPORTER') ?? ['prometheus']).map((name) =>
    memberOf('OTEL_METRICS_EXPORTER', possible, name),
  );
  return {
    prometheus: exporters.includes('prometheus') ? prometheusOf(env) : undefined,
    otlp: exporters.includes('otlp') ? pushOf(env, warnings) : undefined,
    exemplarFilter: exemplarFilterOf(env, warnings),
    ...ownMetricsOf(env),
    views: [],
  };
}

/** What only our own variables say. */
export function ownMetricsOf(env: Env): Pick<MetricsConfig, 'labelLimit' | 'histogramBounds'> {
  return {
    labelLimit: integerOf(env, 'INFEROMETER_LABEL_LIMIT', 100, 100_000),
    histogramBounds: histogramBoundsOf(env, 'INFEROMETER_HISTOGRAM_BOUNDS'),
  };
}

function prometheusOf(env: Env): NonNullable<MetricsConfig['prometheus']> {
  return {
    host: textOf(env, 'OTEL_EXPORTER_PROMETHEUS_HOST') ?? defaultPrometheus.host,
    port: integerOf(env, 'OTEL_EXPORTER_PROMETHEUS_PORT', defaultPrometheus.port, 65_535, 0),
  };
}

function pushOf(env: Env, warnings: string[]): OtlpMetricsConfig {
  const intervalMs = integerOf(env, 'OTEL_METRIC_EXPORT_INTERVAL', defaultPush.intervalMs, longestMs);
  const asked = integerOf(env, 'OTEL_METRIC_EXPORT_TIMEOUT', defaultPush.exportTimeoutMs, longestMs);
  if (asked > intervalMs && textOf(env, 'OTEL_METRIC_EXPORT_TIMEOUT') !== undefined) {
    warnings.push(
      `OTEL_METRIC_EXPORT_TIMEOUT ${asked} is more than OTEL_METRIC_EXPORT_INTERVAL: ${intervalMs} is taken`,
    );
  }
  return {
    ...otlpOf(env, 'METRICS'),
    temporality: oneOf(
      env,
      'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
      ['cumulative', 'delta', 'lowmemory'],
      defaultPush.temporality,
    ),
    histogramAggregation: oneOf(
      env,
      'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
      ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'],
      defaultPush.histogramAggregation,
    ),
    intervalMs,
    exportTimeoutMs: Math.min(asked, intervalMs),
  };
}

function exemplarFilterOf(env: Env, warnings: string[]): MetricsConfig['exemplarFilter'] {
  const name = 'OTEL_METRICS_EXEMPLAR_FILTER';
  const filter = oneOf(env, name, ['trace_based', 'always_off', 'always_on'], 'trace_based');
  if (filter !== 'always_on') return filter;
  warnings.push(`${name} always_on is taken as trace_based: an exemplar without a trace would point nowhere`);
  return 'trace_based';
}
