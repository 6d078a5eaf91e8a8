import { messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { type PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Registry } from 'prom-client';

/** The text of one scrape. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Writes the instruments of the OpenTelemetry API behind those of the registry.
 * @param api its reader; undefined when the SDK is off
 */
export async function expose(registry: Registry, api: PrometheusExporter | undefined): Promise<Exposition> {
  const ours = await registry.metrics();
  return { contentType: registry.contentType, body: api ? `${ours}${await serialize(api)}` : ours };
}

async function serialize(api: PrometheusExporter): Promise<string> {
  const { resourceMetrics, errors } = await api.collect();
  // A callback of the user's that throws costs its own instrument, not the scrape.
  if (errors.length > 0) diag.error(`collecting metrics: ${errors.map(messageOf).join('; ')}`);
  const scopes = resourceMetrics.scopeMetrics.some((scope) => scope.metrics.length > 0);
  return scopes ? new PrometheusSerializer().serialize(resourceMetrics) : '';
}
