import type { Family } from '@inferometer/core';
import { messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { OtlpMetricsConfig } from '../config/telemetry-config.ts';
import { createDeltas } from '../exposition/deltas.ts';
import { encodeOtlpMetrics } from '../exposition/otlp-metrics.ts';
import { createOtlpDelegate } from './otlp-delegate.ts';
import type { ResourceAttributes } from './spans/span-encoder.ts';

/** Sends all metrics by OTLP at intervals. */
export interface MetricsPush {
  /** Sends them once more. */
  flush(): Promise<void>;
  stop(): void;
}

const succeeded = 0;

/** What is pushed is read from the same state as scrapes are, and changes nothing in it. */
export function createMetricsPush(
  config: OtlpMetricsConfig,
  resource: ResourceAttributes,
  collect: () => Promise<Family[]>,
): MetricsPush {
  const json = config.protocol === 'http/json';
  const timeoutMs = Math.min(config.timeoutMs, config.exportTimeoutMs);
  const delegate = createOtlpDelegate(
    { ...config, timeoutMs },
    {
      name: 'METRICS',
      path: 'v1/metrics',
      item: 'metric_data_point',
      deserialize: (json ? JsonMetricsSerializer : ProtobufMetricsSerializer).deserializeResponse,
    },
  );
  const deltas = config.temporality === 'cumulative' ? undefined : createDeltas();
  let failing = false;
  let pushing: Promise<void> | undefined;

  const push = async (): Promise<void> => {
    const timeMs = Date.now();
    const all = await collect();
    const prepared = deltas?.prepare(all, timeMs);
    const bytes = encodeOtlpMetrics(prepared?.families ?? all, {
      resource,
      timeMs,
      encoding: json ? 'json' : 'protobuf',
      histograms:
        config.histogramAggregation === 'base2_exponential_bucket_histogram' ? 'exponential' : 'explicit',
      temporality: deltas ? 'delta' : 'cumulative',
    });
    await new Promise<void>((resolve) => {
      delegate.export({ bytes, items: all.length }, ({ code, error }) => {
        if (code === succeeded) prepared?.commit();
        const failed = code !== succeeded;
        if (failed !== failing) {
          if (failed) {
            diag.warn(
              `metrics cannot be pushed to ${config.endpoint}: ${messageOf(error ?? 'unknown cause')}`,
            );
          } else diag.info('metrics are pushed again');
        }
        failing = failed;
        resolve();
      });
    });
  };

  /** One at a time: a difference must not be pushed twice. */
  const pushOnce = (): Promise<void> => {
    pushing ??= push()
      .catch((error: unknown) => diag.error(`pushing metrics failed: ${messageOf(error)}`))
      .finally(() => {
        pushing = undefined;
      });
    return pushing;
  };

  const timer = setInterval(pushOnce, config.intervalMs);
  return {
    async flush() {
      await pushing;
      await pushOnce();
    },
    stop: () => clearInterval(timer),
  };
}
