import { METRIC } from '@inferometer/core';

/** Names of metrics that are not ours. */
const others = {
  // prom-client, in every process of Node.js.
  processCpu: 'process_cpu_seconds_total',
  processMemory: 'process_resident_memory_bytes',
  processOpenFiles: 'process_open_fds',
  processMaxFiles: 'process_max_fds',
  heapUsed: 'nodejs_heap_size_used_bytes',
  heapTotal: 'nodejs_heap_size_total_bytes',
  externalMemory: 'nodejs_external_memory_bytes',
  eventLoopLagP50: 'nodejs_eventloop_lag_p50_seconds',
  eventLoopLagP99: 'nodejs_eventloop_lag_p99_seconds',
  eventLoopLagMax: 'nodejs_eventloop_lag_max_seconds',
  gcDuration: 'nodejs_gc_duration_seconds',
  // Of OpenTelemetry's instrumentations; what is pushed has its unit in its name.
  dbClientDuration: 'db_client_operation_duration(_seconds)?',
  httpClientDuration: 'http_client_request_duration(_seconds)?',
  // Prometheus, of each of its targets.
  up: 'up',
  scrapeDuration: 'scrape_duration_seconds',
  scrapeSamples: 'scrape_samples_scraped',
  // The Collector, of itself.
  collectorUptime: 'otelcol_process_uptime_seconds_total',
  collectorAccepted: 'otelcol_receiver_accepted_spans_total',
  collectorRefused: 'otelcol_receiver_refused_spans_total',
  collectorSent: 'otelcol_exporter_sent_spans_total',
  collectorFailed: 'otelcol_exporter_send_failed_spans_total',
  collectorQueue: 'otelcol_exporter_queue_size',
  collectorQueueCapacity: 'otelcol_exporter_queue_capacity',
  collectorMemory: 'otelcol_process_memory_rss_bytes',
} as const;

/** Every metric that dashboards query: ours, and what stands beside them. */
export const NAME = { ...METRIC, ...others } as const;
