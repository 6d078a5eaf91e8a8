import { type Env, integerOf, listOf, numberOf } from './env.ts';
import { endpointOf, longestMs, otlpOf } from './otlp.ts';
import type { TailConfig, TracesConfig } from './telemetry-config.ts';

export const defaultBatches: TracesConfig['batches'] = {
  scheduleDelayMs: 1000,
  maxQueueSize: 16_384,
  maxExportBatchSize: 2048,
  exportTimeoutMs: 30_000,
};

/** @returns undefined if no spans are to be exported */
export function tracesOf(env: Env): TracesConfig | undefined {
  const exporters = listOf(env, 'OTEL_TRACES_EXPORTER') ?? [endpointOf(env, 'TRACES') ? 'otlp' : 'none'];
  const other = exporters.find((name) => name !== 'otlp' && name !== 'none');
  if (other) throw new RangeError(`OTEL_TRACES_EXPORTER must be otlp or none, got ${other}`);
  if (!exporters.includes('otlp')) return undefined;
  return { ...otlpOf(env, 'TRACES'), batches: batchesOf(env) };
}

function batchesOf(env: Env): TracesConfig['batches'] {
  const maxQueueSize = integerOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE', defaultBatches.maxQueueSize, 1_000_000);
  return {
    scheduleDelayMs: integerOf(env, 'OTEL_BSP_SCHEDULE_DELAY', defaultBatches.scheduleDelayMs, longestMs),
    maxQueueSize,
    maxExportBatchSize: integerOf(
      env,
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      Math.min(defaultBatches.maxExportBatchSize, maxQueueSize),
      maxQueueSize,
    ),
    exportTimeoutMs: integerOf(env, 'OTEL_BSP_EXPORT_TIMEOUT', defaultBatches.exportTimeoutMs, longestMs),
  };
}

export function tailOf(env: Env): TailConfig {
  return {
    ratio: numberOf(env, 'INFEROMETER_TRACES_RATIO', 1, 0, 1),
    slowMs: numberOf(env, 'INFEROMETER_SLOW_MS', undefined, 0.001, longestMs),
    perSecond: numberOf(env, 'INFEROMETER_TRACES_PER_SECOND', 200, 0, 1_000_000),
    exemplarIntervalMs: integerOf(env, 'INFEROMETER_EXEMPLAR_INTERVAL_MS', 10_000, longestMs, 0),
  };
}
