import { fileURLToPath } from 'node:url';
import { type RunningProcess, requirePart, startProcess, withFreePorts } from '@inferometer/testkit';
import { parseMetrics } from './service.ts';

/** The path of the configuration that is tested. */
export const collectorConfig: string = fileURLToPath(new URL('../../collector/config.yaml', import.meta.url));

export interface ConfiguredCollector extends RunningProcess {
  /** OTLP/HTTP. */
  readonly url: string;
  /** host:port of its own metrics. */
  readonly metricsHost: string;
  /** Its own metrics now, by series. */
  metrics(): Promise<ReadonlyMap<string, number>>;
}

/**
 * The real Collector with collector/config.yaml as it is; what has to differ in a test, the environment says.
 * @param env `COLLECTOR_EXPORTER`, `COLLECTOR_BACKEND`
 */
export function startConfiguredCollector(
  env: Readonly<Record<string, string>> = {},
): Promise<ConfiguredCollector> {
  return withFreePorts(4, async ([http = 0, grpc = 0, health = 0, metrics = 0]) => {
    const running = await startProcess({
      command: requirePart('otelcol').path,
      args: [`--config=${collectorConfig}`],
      env: {
        COLLECTOR_HTTP_ENDPOINT: `127.0.0.1:${http}`,
        COLLECTOR_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
        COLLECTOR_HEALTH_ENDPOINT: `127.0.0.1:${health}`,
        COLLECTOR_METRICS_PORT: String(metrics),
        ...env,
      },
      ready: { output: /Everything is ready/, url: `http://127.0.0.1:${health}/` },
    });
    const metricsHost = `127.0.0.1:${metrics}`;
    return {
      ...running,
      url: `http://127.0.0.1:${http}`,
      metricsHost,
      metrics: async () => parseMetrics(await (await fetch(`http://${metricsHost}/metrics`)).text()),
    };
  });
}

/** The sum of a metric over its series. */
export function total(metrics: ReadonlyMap<string, number>, name: string): number {
  const values = [...metrics].map(([series, value]) => (series.startsWith(`${name}{`) ? value : 0));
  return values.reduce((sum, value) => sum + value, 0);
}
