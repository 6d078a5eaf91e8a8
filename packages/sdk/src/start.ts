import {
  createInlineSpans,
  createMetricMemory,
  createTelemetry,
  installed,
  installTelemetry,
  type SpanStrategy,
  type Telemetry,
} from '@inferometer/core';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { loadConfig } from './config/load-config.ts';
import type { TelemetryConfig } from './config/telemetry-config.ts';
import { createChildSpans } from './deferred/child-spans.ts';
import { createDeferredSpans } from './deferred/deferred-spans.ts';
import { createHeadSampler } from './deferred/head-sampler.ts';
import { startHeartbeat } from './deferred/heartbeat.ts';
import { createKeepPolicy } from './deferred/keep-policy.ts';
import { createMainCost } from './deferred/main-cost.ts';
import { createSnapshots, type RegistryLike } from './deferred/snapshots.ts';
import { startTelemetryWorker } from './deferred/telemetry-worker.ts';
import { type DiagSink, quietDiag, stderrSink } from './diag.ts';
import { distroVersion } from './distro/version.ts';
import { traceHttpServers } from './http-server.ts';
import { createInferenceMetrics } from './metrics/inference-metrics.ts';
import { createProcessMetrics } from './metrics/process-metrics.ts';
import { createInlineProcessor } from './providers/inline-processor.ts';
import { startStockSdk } from './providers/stock-sdk.ts';
import { type DetectedResource, detectResource } from './resource/detect-resource.ts';
import { createServerProfiling } from './server-profiling.ts';
import { createControl } from './shared/control.ts';
import type { Rendered } from './shared/messages.ts';
import { createSpanRing } from './shared/span-ring.ts';
import { startWithout } from './start-without.ts';

export interface StartOptions {
  /** `service.name` where the environment says nothing. @default the name in package.json */
  readonly serviceName?: string;
  /** Version of the service. @default the version in package.json */
  readonly version?: string;
  /** @default loadConfig() */
  readonly config?: TelemetryConfig;
  /** Where lines about telemetry itself go. @default standard error */
  readonly log?: DiagSink;
  /** Stock instrumentations to be given their providers. @default none */
  readonly instrumentations?: readonly Instrumentation[];
  /** Processors that the spans made with the API pass through besides ours. @default none */
  readonly spanProcessors?: readonly SpanProcessor[];
  /** Who telemetry comes from. @default detected */
  readonly resource?: DetectedResource;
  /**
   * Whether every request to an HTTP server of this process is traced, without a middleware, and each of them answers
   * `/profiling` where `INFEROMETER_PROFILING` asks for it. @default false
   */
  readonly httpServers?: boolean;
}

/** Telemetry of a process, running. */
export interface RunningTelemetry {
  readonly config: TelemetryConfig;
  readonly telemetry: Telemetry;
  /**
   * One scrape of everything, as the metrics port answers it.
   * @param accept the `Accept` header
   */
  metrics(accept?: string): Promise<Rendered>;
  /** `http://localhost:9464/metrics` once the metrics port is open; undefined if it is not. */
  metricsUrl(): Promise<string | undefined>;
  /** Exposes the metrics of a prom-client registry with ours. */
  addRegistry(registry: RegistryLike): void;
  /** Exposes the metrics that another process writes to a file (`createMetricFile`), until it is taken away. */
  addMetricFile(path: string): () => void;
  /** Sends what is there; resolves after the limit at the latest, ms. */
  flush(limitMs?: number): Promise<void>;
  /** The same, with the thread standing still: for the end of the process. */
  flushSync(limitMs?: number): void;
  /** Sends what is left and stops. */
  shutdown(limitMs?: number): Promise<void>;
}

/** Words of the ring in which requests go to the worker: 8 MiB, some ten thousand requests. */
const ringWords = 2 * 1024 * 1024;

/**
 * Starts the distribution.
 * @throws {RangeError} for an environment variable or a file that cannot be followed
 */
export function startTelemetry(options: StartOptions = {}): RunningTelemetry {
  const config = options.config ?? loadConfig();
  const log = options.log ?? stderrSink;
  if (!config.enabled) return startWithout(config);
  const version = distroVersion();
  const resource =
    options.resource ??
    detectResource(config.resource, {
      distroVersion: version,
      service: { name: options.serviceName, version: options.version },
    });
  const control = createControl();
  const ring = createSpanRing(ringWords);
  const memory = createMetricMemory({ labelLimit: config.metrics.labelLimit });
  const metrics = createInferenceMetrics({
    memory,
    version,
    bounds: config.metrics.histogramBounds,
    exemplarIntervalMs:
      config.traces && config.metrics.exemplarFilter === 'trace_based'
        ? config.tail.exemplarIntervalMs
        : undefined,
    canExport: () => control.get('exportFailing') === 0,
  });
  const deferred = config.mode === 'deferred';
  const snapshots = createSnapshots([createProcessMetrics()]);
  let forgetTexts: () => void = () => {};
  const worker = startTelemetryWorker({
    start: {
      config: deferred ? config : { ...config, traces: undefined },
      version,
      ring: ring.buffer,
      control: control.buffer,
      memory: memory.buffer,
      metricFiles: [],
    },
    control,
    ring,
    collect: snapshots.collect,
    failed: () => forgetTexts(),
  });
  const settled = resource.settled();
  void settled.then((attributes) => worker.post({ type: 'resource', attributes }));

  const processors: SpanProcessor[] = [];
  if (config.traces && deferred) {
    processors.push(
      createChildSpans(
        (spans) => worker.post({ type: 'spans', spans }),
        (reason, spans) => worker.post({ type: 'dropped', reason, spans }),
      ),
    );
  } else if (config.traces) {
    processors.push(createInlineProcessor(config.traces, metrics.spanOutcomes));
  }
  const stock = startStockSdk({
    config,
    resource: resource.resource,
    spanProcessors: [...(options.spanProcessors ?? []), ...processors],
    instrumentations: options.instrumentations ?? [],
  });
  snapshots.setReader(stock.metrics, settled);
  // After the SDK, which would set a logger of its own.
  quietDiag(log, config.logLevel);

  const cost = createMainCost(control);
  const telemetry = cost.watch(
    createTelemetry({
      // The stock SDK's spans end when they end.
      ...(deferred ? { schedule: cost.schedule } : {}),
      ringCapacity: config.ringCapacity,
      observers: [
        metrics.observer,
        { executorMetrics: (path, there) => worker.post({ type: 'metricFile', path, there }) },
      ],
      ...(config.traces ? { spans: deferred ? deferredSpans() : createInlineSpans() } : {}),
    }),
  );
  installTelemetry(telemetry);
  const untrace = options.httpServers ? traceHttpServers(createServerProfiling(config.profiling)) : undefined;
  const heart = startHeartbeat(control, metrics.sample);

  function deferredSpans(): SpanStrategy {
    const limits = config.spanLimits;
    return createDeferredSpans({
      ring,
      sampler: createHeadSampler(config.sampler),
      policy: createKeepPolicy(config.tail),
      limits: {
        attributeCount: limits.attributeCount,
        attributeValueLength: limits.attributeValueLength ?? Number.POSITIVE_INFINITY,
        eventCount: limits.eventCount,
        linkCount: limits.linkCount,
        attributePerEvent: limits.attributesPerEvent,
        attributePerLink: limits.attributesPerLink,
      },
      wantsExemplar: metrics.wantsExemplar,
      decided: metrics.decided,
      dropped: (spans) => control.add('ringFullSpans', spans),
      onForget(forget) {
        forgetTexts = forget;
      },
      forward: (spans) => worker.post({ type: 'spans', spans }),
    });
  }

  const { shutdownLimitMs } = config;
  return {
    config,
    telemetry,
    metrics: (accept) => worker.render(accept),
    async metricsUrl() {
      const url = await worker.metricsUrl;
      return url === undefined ? undefined : `${url}/metrics`;
    },
    addRegistry: (registry) => snapshots.addRegistry(registry),
    addMetricFile(path) {
      worker.post({ type: 'metricFile', path, there: true });
      return () => worker.post({ type: 'metricFile', path, there: false });
    },
    async flush(limitMs = shutdownLimitMs) {
      telemetry.settle();
      snapshots.expire();
      // In inline mode the spans are here.
      const inline = processors.map((one) => one.forceFlush().catch(() => {}));
      await Promise.all([...inline, worker.flush(limitMs)]);
    },
    flushSync(limitMs = shutdownLimitMs) {
      telemetry.settle();
      // A process that ends at once has no time to wait for attributes that come late.
      worker.post({ type: 'resource', attributes: { ...resource.now } });
      worker.flushSync(limitMs);
    },
    async shutdown(limitMs = shutdownLimitMs) {
      if (installed.telemetry === telemetry) installTelemetry(undefined);
      telemetry.settle();
      untrace?.();
      heart.stop();
      snapshots.expire();
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      const stopped = stock.shutdown().catch(() => {});
      await Promise.race([Promise.all([stopped, worker.flush(limitMs)]), limit]);
      clearTimeout(timer);
      await worker.stop();
    },
  };
}
