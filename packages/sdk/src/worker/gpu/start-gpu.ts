import { uptime } from 'node:os';
import { createMemoryReader, type Family, METRIC, type MetricMemory, monoNow } from '@inferometer/core';
import { findNvml, watchGpus } from '@inferometer/gpu';
import { diag } from '@opentelemetry/api';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createGpuMetrics } from './gpu-metrics.ts';

export interface GpuOptions {
  readonly config: Pick<TelemetryConfig, 'gpu' | 'metrics'>;
  /** The worker's own. */
  readonly memory: MetricMemory;
  /** The main thread's, where device time is. */
  readonly mainMemory: SharedArrayBuffer | ArrayBuffer;
  readonly cost: (seconds: number) => void;
}

const deviceTime: ReadonlySet<string> = new Set([METRIC.deviceTime]);

/**
 * Reads the GPUs from now on, if there is a library for it on this machine.
 * @returns the families of the hardware, as last read
 */
export function startGpu({ config, memory, mainMemory, cost }: GpuOptions): () => Family[] {
  const { enabled, intervalMs, timeoutMs, scope } = config.gpu;
  if (!enabled) return () => [];
  const { library, looked } = findNvml({ ...process.env, INFEROMETER_NVML_LIBRARY: config.gpu.library });
  if (library === undefined) {
    diag.debug(`no GPU is read: there is no NVIDIA library (${looked})`);
    return () => [];
  }
  const main = createMemoryReader(mainMemory);
  const metrics = createGpuMetrics({
    memory,
    bounds: config.metrics.histogramBounds,
    intervalMs,
    deviceTimes: () => main.read(deviceTime)[0],
    cost,
    log: {
      debug: (message) => diag.debug(message),
      info: (message) => diag.info(message),
      warn: (message) => diag.warn(message),
    },
    bootMs: Math.round(Date.now() - uptime() * 1000),
    now: monoNow,
  });
  watchGpus({
    library,
    scope,
    intervalMs,
    timeoutMs,
    env: process.env,
    polled: metrics.polled,
    trouble: metrics.trouble,
  });
  return metrics.read;
}
