import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig, TracesConfig } from '../config.ts';
import type { SpanAccount } from './counted-exporter.ts';

/** The stock SDK, started. */
export interface StartedOtel {
  /** Reader of the API's instruments. */
  readonly metrics: PrometheusExporter;
  shutdown(): Promise<void>;
}

/**
 * Starts the OpenTelemetry SDK: propagators, context, resource, sampler and limits as `OTEL_*` says; spans by
 * OTLP/HTTP; the API's instruments for our own exposition.
 */
export function startOtel(
  config: TelemetryConfig,
  service: { readonly name: string; readonly version: string },
  account: SpanAccount,
): StartedOtel {
  const metrics = new PrometheusExporter({ preventServerStart: true });
  const sdk = new NodeSDK({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': service.name,
        'service.version': service.version,
        'telemetry.distro.name': 'inferometer',
        'telemetry.distro.version': service.version,
      }),
    ),
    spanProcessors: config.traces ? [spanProcessor(config.traces, account)] : [],
    metricReaders: [metrics],
    // Logs are for a later day: without this the SDK would send them to a Collector on localhost.
    logRecordProcessors: [],
  });
  sdk.start();
  return { metrics, shutdown: () => sdk.shutdown() };
}

function spanProcessor(traces: TracesConfig, account: SpanAccount): SpanProcessor {
  const { protocol, endpoint, batches } = traces;
  // The rest (headers, timeout, compression) the exporters read by the rules of the specification.
  const settings = { url: endpoint };
  const inner = protocol === 'http/json' ? new JsonExporter(settings) : new ProtobufExporter(settings);
  const processor = new BatchSpanProcessor({
    exporter: account.exporter(inner),
    maxQueueSize: batches.maxQueueSize,
    maxExportBatchSize: batches.maxExportBatchSize,
    scheduledDelayMillis: batches.scheduleDelayMs,
    exportTimeoutMillis: batches.exportTimeoutMs,
  });
  return account.processor(processor, batches.maxQueueSize);
}
