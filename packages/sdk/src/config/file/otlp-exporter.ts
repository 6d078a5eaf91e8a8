import type { OtlpHttpExporterConfigModel } from '@opentelemetry/configuration';
import { headersOf, isHttpUrl, type OtlpConfig } from '../otlp.ts';
import { refuse, unlimitedIfZero } from './section.ts';

export const noGrpc = 'is not here: this distribution exports over HTTP (port 4318 of a Collector)';
export const noConsole =
  'is not here: the start-up line and a Collector with a debug exporter show what leaves';
export const noOtlpFile = "is not here: a Collector's file exporter writes the same";

/** @throws {RangeError} that names the path in the file */
export function otlpExporterAt(
  path: string,
  model: NonNullable<OtlpHttpExporterConfigModel>,
  signalPath: 'v1/traces' | 'v1/metrics',
): OtlpConfig {
  const endpoint = model.endpoint ?? `http://localhost:4318/${signalPath}`;
  if (!isHttpUrl(endpoint)) refuse(`${path}.endpoint`, `must be an http URL, got ${endpoint}`);
  const compression = model.compression ?? 'none';
  if (compression !== 'gzip' && compression !== 'none') {
    refuse(`${path}.compression`, `must be gzip or none, got ${compression}`);
  }
  return {
    protocol: model.encoding === 'json' ? 'http/json' : 'http/protobuf',
    endpoint,
    headers: {
      ...headersOf({ [`${path}.headers_list`]: model.headers_list ?? undefined }, `${path}.headers_list`),
      ...Object.fromEntries((model.headers ?? []).map(({ name, value }) => [name, value ?? ''])),
    },
    timeoutMs: unlimitedIfZero(model.timeout ?? 10_000),
    compression,
    tls: {
      caFile: model.tls?.ca_file ?? undefined,
      certFile: model.tls?.cert_file ?? undefined,
      keyFile: model.tls?.key_file ?? undefined,
    },
  };
}
