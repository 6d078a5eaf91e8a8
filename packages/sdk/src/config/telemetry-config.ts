import type { OtlpConfig } from './otlp.ts';
import type { ResourceConfig } from './resource.ts';
import type { SamplerConfig } from './sampler.ts';
import type { SpanLimitsConfig } from './span-limits.ts';

/** How telemetry behaves: plain data, which can be sent to a thread. */
export interface TelemetryConfig {
  /** Whether anything is recorded: `INFEROMETER_ENABLED`, `OTEL_SDK_DISABLED`. @default true */
  readonly enabled: boolean;
  /** Who makes spans: the telemetry worker, or the stock SDK on the main thread: `INFEROMETER_MODE`. @default "deferred" */
  readonly mode: 'deferred' | 'inline';
  /** Where spans go; undefined when nowhere. */
  readonly traces: TracesConfig | undefined;
  /** The decision at a trace's start: `OTEL_TRACES_SAMPLER`. @default parentbased_always_on */
  readonly sampler: SamplerConfig;
  /** The decision at a trace's end. */
  readonly tail: TailConfig;
  readonly spanLimits: SpanLimitsConfig;
  readonly metrics: MetricsConfig;
  /** Formats in which trace context is read and sent: `OTEL_PROPAGATORS`. @default tracecontext, baggage */
  readonly propagators: readonly PropagatorName[];
  readonly resource: ResourceConfig;
  readonly instrumentations: InstrumentationsConfig;
  readonly liveness: LivenessConfig;
  readonly profiling: ProfilingConfig;
  readonly gpu: GpuConfig;
  /** Finished requests kept for /profiling, integer from 1 to 1,000,000: `INFEROMETER_RING_CAPACITY`. @default 1000 */
  readonly ringCapacity: number;
  /** Longest flush at the end of the process, ms, from 0 to 600,000: `INFEROMETER_SHUTDOWN_LIMIT_MS`. @default 3000 */
  readonly shutdownLimitMs: number;
  /** The least severe of the SDK's own messages that are printed: `OTEL_LOG_LEVEL`. @default "info" */
  readonly logLevel: LogLevel;
  /** Whether the start-up line is left out: `INFEROMETER_QUIET`. @default false */
  readonly quiet: boolean;
  /** The file that says so instead of `OTEL_*`: `OTEL_CONFIG_FILE`. */
  readonly file: string | undefined;
  /** What was asked for and is done otherwise, a line each. */
  readonly warnings: readonly string[];
}

export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi'] as const;
export type PropagatorName = (typeof propagatorNames)[number];

export const logLevels = ['none', 'error', 'warn', 'info', 'debug', 'verbose'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface TracesConfig extends OtlpConfig {
  /** The batches in which spans leave: `OTEL_BSP_*`. */
  readonly batches: {
    /** Time between two exports, ms, >= 1. @default 1000: a second later one can look at a trace */
    readonly scheduleDelayMs: number;
    /** Spans that wait, at most, >= 1; what comes on top is dropped and counted. @default 16384: what one busy second makes */
    readonly maxQueueSize: number;
    /** Spans of one export, from 1 to maxQueueSize. @default 2048: an export costs as much as hundreds of spans */
    readonly maxExportBatchSize: number;
    /** Longest export, ms, >= 1. @default 30000 */
    readonly exportTimeoutMs: number;
  };
}

/** Which of the sampled traces are exported, decided when the request has ended. */
export interface TailConfig {
  /** Share of ordinary requests, in [0, 1]: `INFEROMETER_TRACES_RATIO`. @default 1 */
  readonly ratio: number;
  /** A request that took longer is slow, ms, > 0: `INFEROMETER_SLOW_MS`. @default the route's running p99 */
  readonly slowMs: number | undefined;
  /** Traces a second, at most, >= 0, 0 for no limit: `INFEROMETER_TRACES_PER_SECOND`. @default 200 */
  readonly perSecond: number;
  /** Shortest time between two exemplars of a series, ms, >= 0: `INFEROMETER_EXEMPLAR_INTERVAL_MS`. @default 10000 */
  readonly exemplarIntervalMs: number;
}

export interface MetricsConfig {
  /** Where scrapes are answered; undefined when nowhere. */
  readonly prometheus: PrometheusConfig | undefined;
  /** Where metrics are pushed to; undefined when nowhere. */
  readonly otlp: OtlpMetricsConfig | undefined;
  /** Whether buckets point to traces: `OTEL_METRICS_EXEMPLAR_FILTER`. @default "trace_based" */
  readonly exemplarFilter: 'trace_based' | 'always_off';
  /** Values of a label, at most, besides `other`, integer from 1 to 100,000: `INFEROMETER_LABEL_LIMIT`. @default 100 */
  readonly labelLimit: number;
  /** Bounds of classic histograms by metric name, ascending: `INFEROMETER_HISTOGRAM_BOUNDS`, JSON. @default {} */
  readonly histogramBounds: Readonly<Record<string, readonly number[]>>;
  /** What becomes of the API's instruments; only a file can say it. @default [] */
  readonly views: readonly ViewConfig[];
}

export interface PrometheusConfig {
  /** Address to listen on: `OTEL_EXPORTER_PROMETHEUS_HOST`. @default "localhost" */
  readonly host: string;
  /** Port, 0 for any free one: `OTEL_EXPORTER_PROMETHEUS_PORT`. @default 9464 */
  readonly port: number;
}

export interface OtlpMetricsConfig extends OtlpConfig {
  /** `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`. @default "cumulative" */
  readonly temporality: 'cumulative' | 'delta' | 'lowmemory';
  /** `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`. @default "explicit_bucket_histogram" */
  readonly histogramAggregation: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
  /** Time between two exports, ms, >= 1: `OTEL_METRIC_EXPORT_INTERVAL`. @default 60000 */
  readonly intervalMs: number;
  /** Longest collection and export, ms, from 1 to intervalMs: `OTEL_METRIC_EXPORT_TIMEOUT`. @default 30000 */
  readonly exportTimeoutMs: number;
}

/** A view of the configuration file, for instruments of the API. */
export interface ViewConfig {
  readonly instrumentName: string | undefined;
  readonly instrumentType: string | undefined;
  readonly instrumentUnit: string | undefined;
  readonly meterName: string | undefined;
  readonly meterVersion: string | undefined;
  readonly meterSchemaUrl: string | undefined;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly cardinalityLimit: number | undefined;
  readonly includedKeys: readonly string[] | undefined;
  readonly excludedKeys: readonly string[] | undefined;
  readonly aggregation:
    | { readonly kind: 'default' | 'drop' | 'last_value' | 'sum' }
    | {
        readonly kind: 'explicit_bucket_histogram';
        readonly bounds: readonly number[] | undefined;
        readonly minMax: boolean;
      }
    | {
        readonly kind: 'base2_exponential_bucket_histogram';
        readonly maxSize: number;
        readonly minMax: boolean;
      }
    | undefined;
}

export const instrumentationNames = [
  'http',
  'express',
  'undici',
  'ioredis',
  'pg',
  'pino',
  'runtime-node',
] as const;
export type InstrumentationName = (typeof instrumentationNames)[number];

export interface InstrumentationsConfig {
  /** Those that are on: `OTEL_NODE_ENABLED_INSTRUMENTATIONS` less `OTEL_NODE_DISABLED_INSTRUMENTATIONS`. @default all */
  readonly enabled: readonly InstrumentationName[];
  /** A span for each layer of Express besides the route: `INFEROMETER_EXPRESS_LAYERS`. @default false */
  readonly expressLayers: boolean;
  /** Hands pino's lines to the API's logger provider, where one is: `OTEL_LOGS_EXPORTER=otlp`. @default false */
  readonly sendLogs: boolean;
}

export interface LivenessConfig {
  /** /livez on the metrics port fails when the loop stood still so long, ms, >= 1: `INFEROMETER_LIVEZ_BLOCKED_MS`. @default 10000 */
  readonly livezBlockedMs: number;
  /** Time for which the loop stands still that counts as a block, ms, >= 1: `INFEROMETER_BLOCKED_THRESHOLD_MS`. @default 100 */
  readonly blockedThresholdMs: number;
}

export interface ProfilingConfig {
  /** Whether each HTTP server answers /profiling: `INFEROMETER_PROFILING`. @default undefined: where an app mounts it */
  readonly enabled: boolean | undefined;
  /** Secret that opens /profiling to others than loopback: `INFEROMETER_PROFILING_TOKEN`. @default none */
  readonly token: string | undefined;
}

/** Readings of GPUs, where there are any. */
export interface GpuConfig {
  /** Whether they are looked for: `INFEROMETER_GPU`, `auto` or `off`. @default true */
  readonly enabled: boolean;
  /** Time between two readings, ms, from 10 to 600,000: `INFEROMETER_GPU_INTERVAL_MS`. @default 1000 */
  readonly intervalMs: number;
  /** A driver that says nothing for so long hangs, ms, from 100 to 600,000: `INFEROMETER_GPU_TIMEOUT_MS`. @default 10000 */
  readonly timeoutMs: number;
  /** Those that this process may use, or all that the driver shows: `INFEROMETER_GPU_SCOPE`. @default "own" */
  readonly scope: 'own' | 'all';
  /** File or name of NVIDIA's management library: `INFEROMETER_NVML_LIBRARY`. @default looked for */
  readonly library: string | undefined;
}
