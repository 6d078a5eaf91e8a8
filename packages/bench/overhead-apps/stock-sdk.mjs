/** The stock SDK, for `--import`: NodeSDK with http and express instrumentation, BatchSpanProcessor and OTLP. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const require = createRequire(join(process.cwd(), 'package.json'));
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace');
const { PrometheusExporter } = require('@opentelemetry/exporter-prometheus');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { OTLPTraceExporter } =
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json'
    ? require('@opentelemetry/exporter-trace-otlp-http')
    : require('@opentelemetry/exporter-trace-otlp-proto');

if (isMainThread) {
  new NodeSDK({
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        maxQueueSize: Number(process.env.OTEL_BSP_MAX_QUEUE_SIZE),
        scheduledDelayMillis: Number(process.env.OTEL_BSP_SCHEDULE_DELAY),
      }),
    ],
    metricReaders: [
      new PrometheusExporter({
        host: '127.0.0.1',
        port: Number(process.env.OTEL_EXPORTER_PROMETHEUS_PORT),
      }),
    ],
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  }).start();
}
