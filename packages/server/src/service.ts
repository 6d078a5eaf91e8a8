import { loadConfig, startTelemetry, type TelemetryConfig } from '@inferometer/sdk';
import { banner } from './banner.ts';
import { createApp } from './http/app.ts';
import { closeServer, listen } from './listen.ts';
import { createLog } from './log.ts';
import type { ModelRegistry } from './models/registry.ts';
import { createNamer, type Namer } from './nicknames/namer.ts';
import type { ServeOptions } from './options.ts';
import { version } from './version.ts';

/** A server that runs. */
export interface Serving {
  readonly url: string;
  /** Takes no more requests, finishes those in flight, sends what telemetry is left. */
  stop(): Promise<void>;
}

/**
 * Puts telemetry and HTTP around the models, and says where everything is once they are warm.
 * @param registry its executors are being started
 * @throws {InferometerError|RangeError} one line for what cannot be followed; the registry stays open
 */
export async function startService(options: ServeOptions, registry: ModelRegistry): Promise<Serving> {
  const log = createLog();
  const telemetry = startTelemetry({
    serviceName: 'inferometer',
    version,
    config: withMetricsPort(loadConfig(), options),
    log: { info: (m) => log.info(m), warn: (m) => log.warn(m), error: (m) => log.error(m) },
  });
  const namers = new Map<string, Namer>();
  let draining = false;
  const app = createApp({
    telemetry,
    registry,
    namers,
    log,
    isDraining: () => draining,
    maxBodyBytes: options.maxBodyBytes,
    maxTensorBytes: options.maxTensorBytes,
    pipelines: options.pipelines ?? [],
    limits: { maxInputs: options.maxInputs },
  });
  const main = await listen(app, options.host, options.port);
  const closeServers = async (): Promise<void> => {
    draining = true;
    await closeServer(main.server, options.drainTimeoutMs);
  };
  try {
    await registry.load(telemetry.telemetry, async (model) => {
      const namer = model.kind === 'embedding' ? await createNamer(model) : undefined;
      if (namer) namers.set(model.name, namer);
    });
  } catch (error) {
    await closeServers();
    await telemetry.shutdown();
    throw error;
  }
  const startSeconds = process.uptime();
  telemetry.telemetry.observer.coldStart(startSeconds);
  const namer = [...namers.keys()][0];
  const facts = {
    url: main.url,
    metricsUrl: await telemetry.metricsUrl(),
    registry,
    telemetry,
    startSeconds,
    namer,
  };
  process.stdout.write(banner(facts));
  return {
    url: main.url,
    // Requests end before the models that they use, and both before the telemetry that tells of them.
    async stop() {
      await closeServers();
      await registry.close();
      await telemetry.shutdown();
    },
  };
}

/** The metrics port listens where the main one does. */
function withMetricsPort(config: TelemetryConfig, options: ServeOptions): TelemetryConfig {
  const { host, metricsPort: port } = options;
  const prometheus = config.metrics.prometheus && port !== undefined ? { host, port } : undefined;
  return { ...config, metrics: { ...config.metrics, prometheus } };
}
