import { fileURLToPath } from 'node:url';
import {
  freePorts,
  type RunningProcess,
  requirePart,
  startProcess,
  withFreePorts,
} from '@inferometer/testkit';
import { parseMetrics } from './service.ts';

/** The path of a file in deploy/collector. */
export function collectorFile(name: string): string {
  return fileURLToPath(new URL(`../../collector/${name}`, import.meta.url));
}

/** The path of the configuration for one machine. */
export const collectorConfig: string = collectorFile('config.yaml');

/** Where a Collector listens, on 127.0.0.1. */
export interface CollectorPorts {
  readonly http: number;
  readonly grpc: number;
}

export interface ConfiguredCollector extends RunningProcess {
  readonly ports: CollectorPorts;
  /** OTLP/HTTP. */
  readonly url: string;
  /** host:port of its own metrics. */
  readonly metricsHost: string;
  /** Its own metrics now, by series. */
  metrics(): Promise<ReadonlyMap<string, number>>;
}

export interface ConfiguredCollectorOptions {
  /** Paths, of which a later one adds to what an earlier one says. @default config.yaml */
  readonly files?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where it takes OTLP, for one that is started again. @default free ones */
  readonly ports?: CollectorPorts;
}

/** The real Collector with the files of deploy/collector as they are; what has to differ in a test, the environment says. */
export function startConfiguredCollector({
  files = [collectorConfig],
  env = {},
  ports,
}: ConfiguredCollectorOptions = {}): Promise<ConfiguredCollector> {
  return withFreePorts(4, async ([freeHttp = 0, freeGrpc = 0, health = 0, metrics = 0]) => {
    const { http, grpc } = ports ?? { http: freeHttp, grpc: freeGrpc };
    const running = await startProcess({
      command: requirePart('otelcol').path,
      args: files.map((file) => `--config=${file}`),
      env: {
        COLLECTOR_HTTP_ENDPOINT: `127.0.0.1:${http}`,
        COLLECTOR_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
        COLLECTOR_HEALTH_ENDPOINT: `127.0.0.1:${health}`,
        COLLECTOR_METRICS_PORT: String(metrics),
        ...env,
      },
      ready: { output: /Everything is ready/, url: `http://127.0.0.1:${health}/` },
      readyTimeoutMs: 60_000,
    });
    const metricsHost = `127.0.0.1:${metrics}`;
    return {
      ...running,
      ports: { http, grpc },
      url: `http://127.0.0.1:${http}`,
      metricsHost,
      metrics: async () => parseMetrics(await (await fetch(`http://${metricsHost}/metrics`)).text()),
    };
  });
}

/** Free ports for a Collector that is not there yet, or is started again. */
export async function freeCollectorPorts(): Promise<CollectorPorts> {
  const [http = 0, grpc = 0] = await freePorts(2);
  return { http, grpc };
}

/** The sum of a metric over its series. */
export function total(metrics: ReadonlyMap<string, number>, name: string): number {
  const values = [...metrics].map(([series, value]) => (series.startsWith(`${name}{`) ? value : 0));
  return values.reduce((sum, value) => sum + value, 0);
}
