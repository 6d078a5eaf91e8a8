import { otlpVariables } from './otlp-variables.ts';
import type { TelemetryConfig } from './telemetry-config.ts';

/** A variable that is read, and what is in force for it. */
export interface Variable {
  readonly name: string;
  /** Its value in force; undefined where it has none. */
  readonly value: (config: TelemetryConfig) => unknown;
  /** Other variables that set it too. */
  readonly alsoFrom?: readonly string[];
  /** Whether the value may be a secret and must not be shown. */
  readonly isSecret?: true;
}

const listed = (values: readonly string[]): string => values.join(',') || 'none';

/** Those of this distribution; they hold beside a configuration file too. */
export const ownVariables: readonly Variable[] = [
  { name: 'INFEROMETER_ENABLED', alsoFrom: ['OTEL_SDK_DISABLED'], value: (config) => config.enabled },
  { name: 'INFEROMETER_MODE', value: (config) => config.mode },
  { name: 'INFEROMETER_TRACES_RATIO', value: (config) => config.tail.ratio },
  { name: 'INFEROMETER_SLOW_MS', value: (config) => config.tail.slowMs },
  { name: 'INFEROMETER_TRACES_PER_SECOND', value: (config) => config.tail.perSecond },
  { name: 'INFEROMETER_EXEMPLAR_INTERVAL_MS', value: (config) => config.tail.exemplarIntervalMs },
  { name: 'INFEROMETER_LABEL_LIMIT', value: (config) => config.metrics.labelLimit },
  { name: 'INFEROMETER_HISTOGRAM_BOUNDS', value: (config) => JSON.stringify(config.metrics.histogramBounds) },
  { name: 'INFEROMETER_LIVEZ_BLOCKED_MS', value: (config) => config.liveness.livezBlockedMs },
  { name: 'INFEROMETER_BLOCKED_THRESHOLD_MS', value: (config) => config.liveness.blockedThresholdMs },
  { name: 'INFEROMETER_RING_CAPACITY', value: (config) => config.ringCapacity },
  { name: 'INFEROMETER_SHUTDOWN_LIMIT_MS', value: (config) => config.shutdownLimitMs },
  { name: 'INFEROMETER_PROFILING', value: (config) => config.profiling.enabled },
  { name: 'INFEROMETER_PROFILING_TOKEN', value: (config) => config.profiling.token, isSecret: true },
  { name: 'INFEROMETER_GPU', value: (config) => (config.gpu.enabled ? 'auto' : 'off') },
  { name: 'INFEROMETER_GPU_INTERVAL_MS', value: (config) => config.gpu.intervalMs },
  { name: 'INFEROMETER_GPU_TIMEOUT_MS', value: (config) => config.gpu.timeoutMs },
  { name: 'INFEROMETER_GPU_SCOPE', value: (config) => config.gpu.scope },
  { name: 'INFEROMETER_NVML_LIBRARY', value: (config) => config.gpu.library },
  { name: 'INFEROMETER_EXPRESS_LAYERS', value: (config) => config.instrumentations.expressLayers },
  { name: 'INFEROMETER_COMMAND_ARGS', value: (config) => config.resource.commandArgs },
  { name: 'INFEROMETER_QUIET', value: (config) => config.quiet },
];

/** The specification's; with a configuration file they count for nothing, except for its own name. */
export const otelVariables: readonly Variable[] = [
  { name: 'OTEL_CONFIG_FILE', value: (config) => config.file },
  { name: 'OTEL_SERVICE_NAME', value: (config) => config.resource.serviceName },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    value: (config) =>
      Object.entries(config.resource.attributes)
        .map(([key, value]) => `${key}=${value}`)
        .join(',') || undefined,
  },
  { name: 'OTEL_NODE_RESOURCE_DETECTORS', value: (config) => listed(config.resource.detectors) },
  { name: 'OTEL_PROPAGATORS', value: (config) => listed(config.propagators) },
  { name: 'OTEL_LOG_LEVEL', value: (config) => config.logLevel },
  { name: 'OTEL_TRACES_SAMPLER', value: (config) => config.sampler.kind },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    value: (config) => (config.sampler.kind.endsWith('ratio') ? config.sampler.ratio : undefined),
  },
  { name: 'OTEL_TRACES_EXPORTER', value: (config) => (config.traces ? 'otlp' : 'none') },
  ...otlpVariables('TRACES', (config) => config.traces),
  { name: 'OTEL_BSP_SCHEDULE_DELAY', value: (config) => config.traces?.batches.scheduleDelayMs },
  { name: 'OTEL_BSP_MAX_QUEUE_SIZE', value: (config) => config.traces?.batches.maxQueueSize },
  { name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', value: (config) => config.traces?.batches.maxExportBatchSize },
  { name: 'OTEL_BSP_EXPORT_TIMEOUT', value: (config) => config.traces?.batches.exportTimeoutMs },
  {
    name: 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    alsoFrom: ['OTEL_ATTRIBUTE_COUNT_LIMIT'],
    value: (config) => config.spanLimits.attributeCount,
  },
  {
    name: 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    alsoFrom: ['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
    value: (config) => config.spanLimits.attributeValueLength,
  },
  { name: 'OTEL_SPAN_EVENT_COUNT_LIMIT', value: (config) => config.spanLimits.eventCount },
  { name: 'OTEL_SPAN_LINK_COUNT_LIMIT', value: (config) => config.spanLimits.linkCount },
  { name: 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', value: (config) => config.spanLimits.attributesPerEvent },
  { name: 'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', value: (config) => config.spanLimits.attributesPerLink },
  { name: 'OTEL_METRICS_EXPORTER', value: metricsExportersOf },
  { name: 'OTEL_EXPORTER_PROMETHEUS_HOST', value: (config) => config.metrics.prometheus?.host },
  { name: 'OTEL_EXPORTER_PROMETHEUS_PORT', value: (config) => config.metrics.prometheus?.port },
  ...otlpVariables('METRICS', (config) => config.metrics.otlp),
  {
    name: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    value: (config) => config.metrics.otlp?.temporality,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    value: (config) => config.metrics.otlp?.histogramAggregation,
  },
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', value: (config) => config.metrics.otlp?.intervalMs },
  { name: 'OTEL_METRIC_EXPORT_TIMEOUT', value: (config) => config.metrics.otlp?.exportTimeoutMs },
  { name: 'OTEL_METRICS_EXEMPLAR_FILTER', value: (config) => config.metrics.exemplarFilter },
  {
    name: 'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
    alsoFrom: ['OTEL_NODE_DISABLED_INSTRUMENTATIONS'],
    value: (config) => listed(config.instrumentations.enabled),
  },
  { name: 'OTEL_LOGS_EXPORTER', value: (config) => (config.instrumentations.sendLogs ? 'otlp' : 'none') },
];

/** Read elsewhere, or where no configuration has their value. */
export const otherVariables: readonly string[] = [
  'INFEROMETER_STRICT',
  'INFEROMETER_PODINFO',
  'INFEROMETER_PROFILE_OUTPUT',
  'INFEROMETER_PROFILE_LEVEL',
  'OTEL_SEMCONV_STABILITY_OPT_IN',
  'OTEL_NODE_EXPERIMENTAL_SDK_METRICS',
];

function metricsExportersOf({ metrics }: TelemetryConfig): string {
  return listed([...(metrics.prometheus ? ['prometheus'] : []), ...(metrics.otlp ? ['otlp'] : [])]);
}
