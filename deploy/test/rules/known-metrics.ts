import { METRIC } from '@inferometer/core';
import { recordingRules } from './rule-files.ts';

/** Metrics of others that rules and runbooks stand on, as Prometheus stores them. */
const others: readonly string[] = [
  // Prometheus itself
  'up',
  'prometheus_config_last_reload_successful',
  'prometheus_rule_evaluation_failures_total',
  'prometheus_rule_group_interval_seconds',
  'prometheus_rule_group_last_duration_seconds',
  'prometheus_tsdb_compactions_failed_total',
  'prometheus_tsdb_head_samples_appended_total',
  'prometheus_tsdb_wal_writes_failed_total',
  // prom-client's process metrics, in every service
  'nodejs_gc_duration_seconds',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  // the Collector; counters of failures come with the first one
  'otelcol_exporter_enqueue_failed_metric_points_total',
  'otelcol_exporter_enqueue_failed_spans_total',
  'otelcol_exporter_queue_capacity',
  'otelcol_exporter_queue_size',
  'otelcol_exporter_send_failed_metric_points_total',
  'otelcol_exporter_send_failed_spans_total',
  'otelcol_exporter_sent_spans_total',
  'otelcol_process_memory_rss_bytes',
  'otelcol_process_uptime_seconds_total',
  'otelcol_receiver_accepted_spans_total',
  'otelcol_receiver_refused_metric_points_total',
  'otelcol_receiver_refused_spans_total',
];

const known: ReadonlySet<string> = new Set([
  ...Object.values(METRIC),
  ...recordingRules().map(({ record }) => record),
  ...others,
]);

/** Whether a series of this name is written by something that we know: one of a histogram by its family. */
export function isKnownMetric(name: string): boolean {
  return known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''));
}
