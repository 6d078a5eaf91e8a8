import { readFileSync } from 'node:fs';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TracesConfig } from '../config/telemetry-config.ts';
import { createSpanAccount, type SpanOutcomes } from './counted-exporter.ts';

/** The stock SDK's way of exporting, on the main thread, with every span counted. */
export function createInlineProcessor(traces: TracesConfig, outcomes: SpanOutcomes): SpanProcessor {
  const { protocol, endpoint, batches, headers, timeoutMs, compression } = traces;
  const { caFile, certFile, keyFile } = traces.tls;
  const settings = {
    url: endpoint,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    httpAgentOptions: {
      keepAlive: true,
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
      ...(certFile ? { cert: readFileSync(certFile) } : {}),
      ...(keyFile ? { key: readFileSync(keyFile) } : {}),
    },
  };
  const account = createSpanAccount(outcomes);
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
