/** What the environment says of telemetry. The only place that reads it. */
export interface TelemetryConfig {
  /** Whether anything is recorded: `INFEROMETER_ENABLED`, `OTEL_SDK_DISABLED`. */
  readonly enabled: boolean;
  /** Where spans go; undefined when nowhere. */
  readonly traces:
    | { readonly protocol: 'http/json' | 'http/protobuf'; readonly endpoint: string }
    | undefined;
  /** Finished requests kept for /profiling. */
  readonly ringCapacity: number;
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
    ringCapacity: ringCapacityOf(env.INFEROMETER_RING_CAPACITY),
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
  return { protocol: protocolOf(env), endpoint: url };
}

function protocolOf(env: Env): 'http/json' | 'http/protobuf' {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  if (protocol !== 'http/json' && protocol !== 'http/protobuf') {
    throw new RangeError(`OTEL_EXPORTER_OTLP_PROTOCOL must be http/json or http/protobuf, got ${protocol}`);
  }
  return protocol;
}

function ringCapacityOf(value: string | undefined): number {
  if (value === undefined || value === '') return 1000;
  const capacity = Number(value);
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1_000_000) {
    throw new RangeError(`INFEROMETER_RING_CAPACITY must be an integer from 1 to 1000000, got ${value}`);
  }
  return capacity;
}

function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true' || value?.trim() === '1';
}

function isFalse(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'false' || value?.trim() === '0';
}
