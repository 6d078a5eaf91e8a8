import { metricsHandler } from '@inferometer/express';
import { type RunningTelemetry, startTelemetry } from '@inferometer/sdk';
import express from 'express';
import { banner } from './banner.ts';
import { createApp } from './http/app.ts';
import { closeServer, type Listening, listen } from './listen.ts';
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
    version,
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
    limits: { maxInputs: options.maxInputs },
  });
  const main = await listen(app, options.host, options.port);
  const metrics = await listenMetrics(options, telemetry.metrics, (message) => log.warn(message));
  const closeServers = async (): Promise<void> => {
    draining = true;
    const closing = [
      closeServer(main.server, options.drainTimeoutMs),
      metrics && closeServer(metrics.server, 0),
    ];
    await Promise.all(closing);
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
  const facts = { url: main.url, metricsUrl: metrics?.url, registry, telemetry, startSeconds, namer };
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

/** The metrics port is a convenience beside the main port's /metrics: one that is taken is a warning. */
async function listenMetrics(
  options: ServeOptions,
  collect: RunningTelemetry['metrics'],
  warn: (message: string) => void,
): Promise<Listening | undefined> {
  if (options.metricsPort === undefined) return undefined;
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', metricsHandler(collect));
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  try {
    return await listen(app, options.host, options.metricsPort);
  } catch {
    warn(
      `metrics port ${options.metricsPort} cannot be listened on: /metrics is on the main port only (--metrics-port changes it)`,
    );
    return undefined;
  }
}
