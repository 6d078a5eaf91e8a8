import { readFileSync } from 'node:fs';
import { CompressionAlgorithm, type IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { OtlpConfig } from '../config/otlp.ts';

/** A body that is encoded already. */
export interface OtlpBody {
  readonly bytes: Uint8Array;
  /** Spans or points in it. */
  readonly items: number;
}

export interface OtlpSignal {
  readonly name: 'TRACES' | 'METRICS';
  readonly path: string;
  readonly item: 'span' | 'metric_data_point';
  /** Reads a receiver's answer, of the encoding that the configuration says. */
  readonly deserialize: (data: Uint8Array) => { partialSuccess?: unknown };
}

/** Sent at the same time, at most: while one waits for its answer the next is on its way. */
export const maxInFlight = 2;

/** The standard exporters' transport, with its retries, headers, compression and limits, for bodies of our own. */
export function createOtlpDelegate(config: OtlpConfig, signal: OtlpSignal): IOtlpExportDelegate<OtlpBody> {
  const json = config.protocol === 'http/json';
  const { caFile, certFile, keyFile } = config.tls;
  const options = convertLegacyHttpOptions(
    {
      url: config.endpoint,
      headers: { ...config.headers },
      timeoutMillis: config.timeoutMs,
      compression: config.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
      // Whoever sends counts for itself: the delegate takes an export for running until after its callback.
      concurrencyLimit: maxInFlight * 4,
      httpAgentOptions: {
        keepAlive: true,
        ...(caFile ? { ca: readFileSync(caFile) } : {}),
        ...(certFile ? { cert: readFileSync(certFile) } : {}),
        ...(keyFile ? { key: readFileSync(keyFile) } : {}),
      },
    },
    signal.name,
    signal.path,
    { 'Content-Type': json ? 'application/json' : 'application/x-protobuf' },
  );
  return createOtlpHttpExportDelegate(
    options,
    { serializeRequest: (body: OtlpBody) => body.bytes, deserializeResponse: signal.deserialize },
    json ? `otlp_http_json_${signal.item}_exporter` : `otlp_http_${signal.item}_exporter`,
    { name: signal.item, countItems: (body: OtlpBody) => body.items },
    undefined,
  );
}
