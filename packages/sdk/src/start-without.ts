import { createTelemetry } from '@inferometer/core';
import type { TelemetryConfig } from './config/telemetry-config.ts';
import { createSnapshots } from './deferred/snapshots.ts';
import { familiesFromPromClient } from './exposition/from-prom-client.ts';
import { mergeFamilies } from './exposition/merge.ts';
import { negotiate } from './exposition/negotiate.ts';
import { renderFamilies } from './exposition/render.ts';
import { createProcessMetrics } from './metrics/process-metrics.ts';
import type { RunningTelemetry } from './start.ts';

/** Telemetry that is off: no worker, nothing recorded; a scrape still tells of the process. */
export function startWithout(config: TelemetryConfig): RunningTelemetry {
  const snapshots = createSnapshots([createProcessMetrics()]);
  return {
    config,
    telemetry: createTelemetry(),
    async metrics(accept) {
      const { format, contentType } = negotiate(accept);
      const { prom } = await snapshots.collect();
      const { families } = mergeFamilies(prom.map(familiesFromPromClient));
      return { contentType, body: Buffer.concat([...renderFamilies(format, families)]) };
    },
    metricsUrl: () => Promise.resolve(undefined),
    addRegistry: (registry) => snapshots.addRegistry(registry),
    addMetricFile: () => () => {},
    flush: () => Promise.resolve(),
    flushSync: () => {},
    shutdown: () => Promise.resolve(),
  };
}
