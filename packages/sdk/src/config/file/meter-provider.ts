import type {
  ExperimentalPrometheusMetricExporterConfigModel,
  MeterProviderConfigModel,
  MetricReaderConfigModel,
  OtlpHttpMetricExporterConfigModel,
  PeriodicMetricReaderConfigModel,
  PullMetricReaderConfigModel,
} from '@opentelemetry/configuration';
import { defaultPrometheus, defaultPush } from '../metrics.ts';
import type { MetricsConfig, OtlpMetricsConfig, PrometheusConfig } from '../telemetry-config.ts';
import { noConsole, noGrpc, noOtlpFile, otlpExporterAt } from './otlp-exporter.ts';
import { componentAt, refuse, refuseSettings, unlimitedIfZero } from './section.ts';
import { viewAt } from './view.ts';

type FromFile = Pick<MetricsConfig, 'prometheus' | 'otlp' | 'exemplarFilter' | 'views'>;
type Reader = { readonly prometheus: PrometheusConfig } | { readonly otlp: OtlpMetricsConfig };

/** @throws {RangeError} that names the path in the file */
export function meterProviderOf(model: MeterProviderConfigModel | undefined, warnings: string[]): FromFile {
  const path = 'meter_provider';
  const none = { prometheus: undefined, otlp: undefined, exemplarFilter: 'trace_based', views: [] } as const;
  if (model === undefined) return none;
  refuseSettings(path, model, ['meter_configurator/development'], 'cannot be followed');
  const readers = model.readers.map((reader, at) => readerAt(`${path}.readers[${at}]`, reader));
  for (const kind of ['prometheus', 'otlp'] as const) {
    const second = readers
      .map((reader) => kind in reader)
      .indexOf(true, readers.findIndex((one) => kind in one) + 1);
    if (second > 0)
      refuse(`${path}.readers[${second}]`, `is a second ${kind} reader; one of each kind is here`);
  }
  if (model.exemplar_filter === 'always_on') {
    warnings.push(
      `${path}.exemplar_filter always_on is taken as trace_based: an exemplar without a trace would point nowhere`,
    );
  }
  return {
    ...none,
    ...Object.assign({}, ...readers),
    exemplarFilter: model.exemplar_filter === 'always_off' ? 'always_off' : 'trace_based',
    views: (model.views ?? []).map((view, at) => viewAt(`${path}.views[${at}]`, view)),
  };
}

function readerAt(path: string, model: MetricReaderConfigModel): Reader {
  const refuseCommon = (at: string, reader: object) => {
    refuseSettings(at, reader, ['producers'], 'cannot be followed: no metric producers are here');
    refuseSettings(
      at,
      reader,
      ['cardinality_limits'],
      'cannot be followed; possible: aggregation_cardinality_limit of a view',
    );
  };
  return componentAt<Reader>(path, model, {
    periodic: (at, settings) => {
      refuseCommon(at, settings as object);
      return { otlp: periodicAt(at, settings as PeriodicMetricReaderConfigModel) };
    },
    pull: (at, settings) => {
      refuseCommon(at, settings as object);
      return { prometheus: pullAt(at, settings as PullMetricReaderConfigModel) };
    },
  });
}

function periodicAt(path: string, model: PeriodicMetricReaderConfigModel): OtlpMetricsConfig {
  refuseSettings(path, model, ['max_export_batch_size/development'], 'cannot be followed');
  const intervalMs = Math.max(1, model.interval ?? defaultPush.intervalMs);
  return componentAt(`${path}.exporter`, model.exporter, {
    otlp_http: (at, settings) => {
      const exporter = settings as NonNullable<OtlpHttpMetricExporterConfigModel>;
      const temporality = exporter.temporality_preference ?? 'cumulative';
      return {
        ...otlpExporterAt(at, exporter, 'v1/metrics'),
        temporality: temporality === 'low_memory' ? 'lowmemory' : temporality,
        histogramAggregation: exporter.default_histogram_aggregation ?? defaultPush.histogramAggregation,
        intervalMs,
        exportTimeoutMs: Math.min(unlimitedIfZero(model.timeout ?? defaultPush.exportTimeoutMs), intervalMs),
      };
    },
    otlp_grpc: noGrpc,
    'otlp_file/development': noOtlpFile,
    console: noConsole,
  });
}

function pullAt(path: string, model: PullMetricReaderConfigModel): PrometheusConfig {
  return componentAt(`${path}.exporter`, model.exporter, {
    'prometheus/development': (at, settings) => {
      const exporter = settings as NonNullable<ExperimentalPrometheusMetricExporterConfigModel>;
      refuseSettings(at, exporter, ['resource_constant_labels'], 'cannot be followed: target_info has them');
      for (const name of ['scope_info_enabled', 'target_info_enabled/development'] as const) {
        if (exporter[name] === false)
          refuse(`${at}.${name}`, 'must be true: scopes and the target are always shown');
      }
      const strategy = exporter.translation_strategy ?? 'underscore_escaping_with_suffixes';
      if (strategy !== 'underscore_escaping_with_suffixes') {
        refuse(`${at}.translation_strategy`, `must be underscore_escaping_with_suffixes, got ${strategy}`);
      }
      return { host: exporter.host ?? defaultPrometheus.host, port: exporter.port ?? defaultPrometheus.port };
    },
  });
}
