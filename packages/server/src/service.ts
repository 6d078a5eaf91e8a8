import { setTimeout as delay } from 'node:timers/promises';
import { createCaches, type Model, openModel, type StartedModel } from '@inferometer/engine';
import { loadConfig, startTelemetry, type TelemetryConfig } from '@inferometer/sdk';
import { banner } from './banner.ts';
import { admissionGate } from './http/admission-gate.ts';
import { createApp } from './http/app.ts';
import { closeConnectionsIf } from './http/close-connections.ts';
import { closeServer, listen } from './listen.ts';
import { createLog } from './log.ts';
import { tellColdStart } from './models/cold-start.ts';
import type { ModelRegistry } from './models/registry.ts';
import { createNamers } from './nicknames/namers.ts';
import type { ServeOptions } from './options.ts';
import { reload } from './reload.ts';
import type { Resolved } from './serve-options.ts';
import { version } from './version.ts';

/** A server that runs. */
export interface Serving {
  readonly url: string;
  /** Follows the configuration file and the models' files as they are now. */
  reload(): Promise<void>;
  /** Takes no more requests, finishes those in flight, sends what telemetry is left. */
  stop(): Promise<void>;
}

/**
 * Puts telemetry and HTTP around the models, and says where everything is once they are warm.
 * @param registry its executors are being started
 * @param reread reads flags, environment and file anew
 * @throws {InferometerError|RangeError} one line for what cannot be followed; the registry stays open
 */
export async function startService(
  options: ServeOptions,
  registry: ModelRegistry,
  reread: () => Promise<Resolved>,
): Promise<Serving> {
  const log = createLog();
  const telemetry = startTelemetry({
    serviceName: 'inferometer',
    version,
    config: withMetricsPort(loadConfig(), options),
    log: { info: (m) => log.info(m), warn: (m) => log.warn(m), error: (m) => log.error(m) },
  });
  const caches = options.cache && (await createCaches(options.cache, telemetry.telemetry.observer));
  const namers = createNamers();
  let draining = false;
  const { pipelines = [] } = options;
  const bodyPriorities = { areUsed: false };
  const app = createApp({
    telemetry,
    registry,
    namers,
    log,
    isDraining: () => draining,
    responses: caches?.responses,
    maxBodyBytes: options.maxBodyBytes,
    maxUploadBytes: options.maxUploadBytes,
    maxTensorBytes: options.maxTensorBytes,
    pipelines,
    bodyPriorities,
    limits: { maxInputs: options.maxInputs },
    streams: { pingMs: options.streamPingMs, stallMs: options.streamStallMs },
  });
  // With caches nobody can say before the body is read what has to be run.
  const handler = caches
    ? app
    : admissionGate({ registry, pipelines, bodyPriorities }, telemetry.telemetry, app);
  const main = await listen(
    closeConnectionsIf(() => draining, handler),
    options.host,
    options.port,
  );
  const closeServers = async (): Promise<void> => {
    draining = true;
    await closeServer(main.server, options.drainTimeoutMs);
  };
  try {
    await registry.open(async (started: StartedModel): Promise<Model> => {
      const model = await openModel(started, telemetry.telemetry, caches);
      try {
        await namers.prepare(model);
      } catch (error) {
        await model.close();
        throw error;
      }
      return model;
    });
  } catch (error) {
    await closeServers();
    await caches?.[Symbol.asyncDispose]();
    await telemetry.shutdown();
    throw error;
  }
  const startSeconds = tellColdStart(telemetry.telemetry, registry.models);
  const namer = namers.firstOf(registry.models)?.name;
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
    reload: () => reload(registry, options, async () => (await reread()).options, log),
    // Requests end before the models that they use, and both before the telemetry that tells of them.
    async stop() {
      draining = true;
      if (options.drainDelayMs > 0) await delay(options.drainDelayMs);
      await closeServers();
      await registry.close();
      await caches?.[Symbol.asyncDispose]();
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
