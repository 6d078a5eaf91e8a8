import { createTelemetry, type Telemetry } from '@inferometer/core';
import { readConfig, type TelemetryConfig } from './config.ts';
import { type DiagSink, quietDiag } from './diag.ts';
import { type Exposition, expose } from './metrics/exposition.ts';
import { createInferenceMetrics } from './metrics/inference-metrics.ts';
import { createSpanAccount } from './tracing/counted-exporter.ts';
import { startOtel } from './tracing/start-otel.ts';

export interface StartOptions {
  /** `service.name` where `OTEL_SERVICE_NAME` says nothing. @default "inferometer" */
  readonly serviceName?: string;
  /** Version of the service. */
  readonly version: string;
  /** @default readConfig() */
  readonly config?: TelemetryConfig;
  /** Where lines about telemetry itself go. @default standard error */
  readonly log?: DiagSink;
}

/** Telemetry of a process, running. */
export interface RunningTelemetry {
  readonly config: TelemetryConfig;
  readonly telemetry: Telemetry;
  /** One scrape of everything. */
  metrics(): Promise<Exposition>;
  /** Sends what is left; gives up after the limit. */
  shutdown(limitMs?: number): Promise<void>;
}

const shutdownLimitMs = 3000;

/**
 * Starts the distribution.
 * @throws {RangeError} for an environment variable that cannot be followed
 */
export function startTelemetry(options: StartOptions): RunningTelemetry {
  const config = options.config ?? readConfig();
  quietDiag(options.log ?? stderrSink);
  const account = createSpanAccount();
  const { registry, observer } = createInferenceMetrics(options.version, () => account.counts);
  const service = { name: options.serviceName ?? 'inferometer', version: options.version };
  const otel = config.enabled ? startOtel(config, service, account) : undefined;
  // Tracers are asked for after the SDK's start: the API hands out no-ops before.
  const telemetry = createTelemetry({
    ringCapacity: config.ringCapacity,
    observers: config.enabled ? [observer] : [],
  });
  return {
    config,
    telemetry,
    metrics: () => expose(registry, otel?.metrics),
    async shutdown(limitMs = shutdownLimitMs) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([otel?.shutdown().catch(() => {}), limit]);
      clearTimeout(timer);
    },
  };
}

const stderrSink: DiagSink = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message) => void process.stderr.write(`${message}\n`),
};
