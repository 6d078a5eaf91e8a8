import type { Family } from '@inferometer/core';
import { otlpJson } from './otlp-json.ts';
import { type Temporality, toOtlpScopes } from './otlp-model.ts';
import { otlpProtobuf } from './otlp-protobuf.ts';

export interface OtlpMetricsOptions {
  /** Attributes of the resource, such as `service.name`. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** When the values were read, ms since the epoch. */
  readonly timeMs: number;
  /** `application/json` or `application/x-protobuf`. */
  readonly encoding: 'json' | 'protobuf';
  /** Exponential only where a family has native buckets. @default 'explicit' */
  readonly histograms?: 'explicit' | 'exponential';
  /** `delta` if the families come from `createDeltas`. @default 'cumulative' */
  readonly temporality?: Temporality;
}

/** The body of an OTLP `ExportMetricsServiceRequest`, exemplars included; gauges and summaries have no temporality. */
export function encodeOtlpMetrics(families: readonly Family[], options: OtlpMetricsOptions): Uint8Array {
  const { resource, timeMs, encoding, histograms = 'explicit', temporality = 'cumulative' } = options;
  const scopes = toOtlpScopes(families, { histograms, temporality });
  if (encoding === 'protobuf') return otlpProtobuf(scopes, resource, timeMs);
  return Buffer.from(otlpJson(scopes, resource, timeMs), 'utf8');
}
