/** What the environment says of telemetry. The only place that reads it. */
export interface TelemetryConfig {
  /** Whether anything is recorded: `INFEROMETER_ENABLED`, `OTEL_SDK_DISABLED`. */
  readonly enabled: boolean;
  /** Where spans go; undefined when nowhere. */
  readonly traces: TracesConfig | undefined;
  /** Finished requests kept for /profiling. */
  readonly ringCapacity: number;
}

export interface TracesConfig {
  readonly protocol: 'http/json' | 'http/protobuf';
  readonly endpoint: string;
  /** The batches in which spans leave: `OTEL_BSP_*`. */
  readonly batches: {
    /** Time between two exports, ms. @default 1000: a second later one can look at a trace */
    readonly scheduleDelayMs: number;
    /** Spans that wait, at most; what comes on top is dropped and counted. @default 4096 */
    readonly maxQueueSize: number;
    /** Spans of one export. @default 512 */
    readonly maxExportBatchSize: number;
    /** Longest export, ms. @default 30000 */
    readonly exportTimeoutMs: number;
  };
}

type Env = Readonly<Record<string, string | undefined>>;

const defaultEndpoint = 'http://localhost:4318';

/**
 * Reads `OTEL_*` and `INFEROMETER_*`. Spans are exported when an OTLP endpoint or `OTEL_TRACES_EXPORTER=otlp` is
 * set: without either there is most likely no Collector, and nothing is tried.
 * @throws {RangeError} that names the variable, what was expected and the value
 */
export function readConfig(env: Env = process.env): TelemetryConfig {
  return {
    enabled: !isTrue(env.OTEL_SDK_DISABLED) && !isFalse(env.INFEROMETER_ENABLED),
    traces: tracesOf(env),
    ringCapacity: integerOf(env, 'INFEROMETER_RING_CAPACITY', 1000, 1_000_000),
  };
}

function tracesOf(env: Env): TelemetryConfig['traces'] {
  const endpoint =
    env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ||
    (env.OTEL_EXPORTER_OTLP_ENDPOINT && `${env.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`);
  const exporters = (env.OTEL_TRACES_EXPORTER ?? (endpoint ? 'otlp' : 'none'))
    .split(',')
    .map((name) => name.trim());
  const other = exporters.find((name) => name !== '' && name !== 'otlp' && name !== 'none');
  if (other) throw new RangeError(`OTEL_TRACES_EXPORTER must be otlp or none, got ${other}`);
  if (!exporters.includes('otlp')) return undefined;
  const url = endpoint || `${defaultEndpoint}/v1/traces`;
  // "localhost:4318" parses as a URL too, of the scheme "localhost:".
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    const given = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
    throw new RangeError(`OTEL_EXPORTER_OTLP_ENDPOINT must be an http URL, got ${given}`);
  }
  return { protocol: protocolOf(env), endpoint: url, batches: batchesOf(env) };
}

function protocolOf(env: Env): 'http/json' | 'http/protobuf' {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  if (protocol !== 'http/json' && protocol !== 'http/protobuf') {
    throw new RangeError(`OTEL_EXPORTER_OTLP_PROTOCOL must be http/json or http/protobuf, got ${protocol}`);
  }
  return protocol;
}

function batchesOf(env: Env): TracesConfig['batches'] {
  const maxQueueSize = integerOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 4096, 1_000_000);
  return {
    scheduleDelayMs: integerOf(env, 'OTEL_BSP_SCHEDULE_DELAY', 1000, 3_600_000),
    maxQueueSize,
    maxExportBatchSize: integerOf(
      env,
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      Math.min(512, maxQueueSize),
      maxQueueSize,
    ),
    exportTimeoutMs: integerOf(env, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000, 3_600_000),
  };
}

/** @throws {RangeError} if the variable is set and no integer from 1 to `most` */
function integerOf(env: Env, name: string, fallback: number, most: number): number {
  const value = env[name];
  if (value === undefined || value === '') return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new RangeError(`${name} must be an integer from 1 to ${most}, got ${value}`);
  }
  return number;
}

function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true' || value?.trim() === '1';
}

function isFalse(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'false' || value?.trim() === '0';
}
