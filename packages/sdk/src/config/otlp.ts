import { type Env, integerOf, memberOf, textOf } from './env.ts';

/** How to reach an OTLP receiver with one signal. */
export interface OtlpConfig {
  readonly protocol: 'http/json' | 'http/protobuf';
  /** The whole URL, with the signal's path. */
  readonly endpoint: string;
  /** Sent with each request; may hold secrets. @default {} */
  readonly headers: Readonly<Record<string, string>>;
  /** Longest request with its retries, ms, >= 1: `OTEL_EXPORTER_OTLP_TIMEOUT`. @default 10000 */
  readonly timeoutMs: number;
  /** `OTEL_EXPORTER_OTLP_COMPRESSION`. @default "none" */
  readonly compression: 'gzip' | 'none';
  /** Files in PEM: `OTEL_EXPORTER_OTLP_{CERTIFICATE,CLIENT_CERTIFICATE,CLIENT_KEY}`. @default the system's authorities */
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
  };
}

export const otlpProtocols = ['http/json', 'http/protobuf'] as const;
export const longestMs = 3_600_000;

const defaultEndpoint = 'http://localhost:4318';
const paths = { TRACES: 'v1/traces', METRICS: 'v1/metrics' } as const;

/** The endpoint that is set for a signal, with its path; undefined if none is. */
export function endpointOf(env: Env, signal: 'TRACES' | 'METRICS'): string | undefined {
  const own = textOf(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  if (own !== undefined) return own;
  const common = textOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return common && `${common.replace(/\/+$/, '')}/${paths[signal]}`;
}

/** @throws {RangeError} that names the variable, what was expected and the value */
export function otlpOf(env: Env, signal: 'TRACES' | 'METRICS'): OtlpConfig {
  const endpoint = endpointOf(env, signal) ?? `${defaultEndpoint}/${paths[signal]}`;
  if (!isHttpUrl(endpoint)) {
    const name = textOf(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
      ? `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`
      : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    throw new RangeError(`${name} must be an http URL, got ${textOf(env, name)}`);
  }
  const setting = (what: string) => nameOf(env, signal, what);
  const protocol = setting('PROTOCOL');
  const compression = setting('COMPRESSION');
  return {
    protocol: memberOrDefault(env, protocol, otlpProtocols, 'http/json'),
    endpoint,
    headers: {
      ...headersOf(env, 'OTEL_EXPORTER_OTLP_HEADERS'),
      ...headersOf(env, `OTEL_EXPORTER_OTLP_${signal}_HEADERS`),
    },
    timeoutMs: integerOf(env, setting('TIMEOUT'), 10_000, longestMs),
    compression: memberOrDefault(env, compression, ['gzip', 'none'], 'none'),
    tls: {
      caFile: textOf(env, setting('CERTIFICATE')),
      certFile: textOf(env, setting('CLIENT_CERTIFICATE')),
      keyFile: textOf(env, setting('CLIENT_KEY')),
    },
  };
}

/** "localhost:4318" parses as a URL too, of the scheme "localhost:". */
export function isHttpUrl(url: string): boolean {
  return /^https?:\/\/[^/]/.test(url) && URL.canParse(url);
}

/** The signal's own variable where it is set, otherwise the common one. */
function nameOf(env: Env, signal: string, what: string): string {
  const own = `OTEL_EXPORTER_OTLP_${signal}_${what}`;
  return textOf(env, own) === undefined ? `OTEL_EXPORTER_OTLP_${what}` : own;
}

function memberOrDefault<T extends string>(env: Env, name: string, values: readonly T[], fallback: T): T {
  const value = textOf(env, name);
  return value === undefined ? fallback : memberOf(name, values, value);
}

/** @throws {RangeError} for a part without `=`; the message does not hold the value, which may be a secret */
export function headersOf(env: Env, name: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of textOf(env, name)?.split(',') ?? []) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).trim();
    if (at < 1 || key === '') {
      throw new RangeError(
        `${name} must be key=value pairs with commas between, got a part without key or "="`,
      );
    }
    headers[decoded(key)] = decoded(pair.slice(at + 1).trim());
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A "%" that encodes nothing: most likely a token in plain text.
    return text;
  }
}
