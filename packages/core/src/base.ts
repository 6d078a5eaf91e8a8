/**
 * The part of this package that needs nothing else, OpenTelemetry's API included: for processes that are to come up
 * quickly and record nothing but metrics. It loads 15 modules instead of 110: 60 ms less of each executor's start.
 */
export { type MonoMs, monoNow } from './clock.ts';
export { type ErrorCode, InferometerError, messageOf } from './errors.ts';
export { type MetricFile, writeMetricFile } from './metrics/write-metric-file.ts';
export { BOUNDS, METRIC } from './semconv.ts';
