import { Worker } from 'node:worker_threads';
import { messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { TelemetryConfig } from '../config/telemetry-config.ts';
import type { Control } from '../shared/control.ts';
import type { Rendered, Snapshot, ToMain, ToWorker, WorkerStart } from '../shared/messages.ts';
import type { SpanRing } from '../shared/span-ring.ts';

/** The main thread's end of the telemetry worker. */
export interface TelemetryWorker {
  /** Address of the metrics port once it is listened on; undefined where it is not. */
  readonly metricsUrl: Promise<string | undefined>;
  post(message: ToWorker): void;
  /** One scrape of everything. */
  render(accept: string | undefined): Promise<Rendered>;
  /** Sends what is there; resolves after the limit at the latest. */
  flush(limitMs: number): Promise<void>;
  /** The same, with this thread standing still: for the end of the process, when its loop turns no more. */
  flushSync(limitMs: number): void;
  stop(): Promise<void>;
}

export interface TelemetryWorkerOptions {
  readonly start: Omit<WorkerStart, 'predecessors'>;
  readonly control: Control;
  readonly ring: SpanRing;
  /** Reads what only this thread can. */
  readonly collect: () => Promise<Snapshot>;
  /** Told when the worker has failed: the next one knows nothing of what the ring has told it. */
  readonly failed?: () => void;
}

const restartDelayMs = 1000;
const maxRestarts = 5;
/** A worker that has lived so long may fail as often again. */
const steadyMs = 10 * 60_000;

/**
 * Starts the worker, and starts it anew should it fail: what is counted is in memory that outlives it. Nothing of it
 * keeps the process alive.
 */
export function startTelemetryWorker(options: TelemetryWorkerOptions): TelemetryWorker {
  const { control, ring } = options;
  const files = new Set(options.start.metricFiles);
  /** What failed workers have counted. */
  const predecessors: SharedArrayBuffer[] = [];
  let resource: ToWorker | undefined;
  let boundPort: number | undefined;
  const renders = new Map<number, (rendered: Rendered) => void>();
  const flushes = new Map<number, () => void>();
  let nextId = 1;
  let restarts = 0;
  let stopped = false;
  let worker = spawn();
  let resolveUrl: (url: string | undefined) => void;
  const metricsUrl = new Promise<string | undefined>((resolve) => {
    resolveUrl = resolve;
    if (!options.start.config.metrics.prometheus) resolve(undefined);
  });

  function spawn(): Worker {
    const startedAt = performance.now();
    const made = new Worker(new URL('../worker/main.js', import.meta.url), {
      name: 'inferometer-telemetry',
      workerData: {
        ...options.start,
        config: withPort(options.start.config, boundPort),
        metricFiles: [...files],
        predecessors: [...predecessors],
      } satisfies WorkerStart,
      // The application's flags, such as --import, are not the worker's.
      execArgv: [],
      env: withoutOtlp(process.env),
    });
    made.on('message', received);
    made.on('error', (error) => diag.error(`the telemetry worker failed: ${messageOf(error)}`));
    made.on('exit', () => {
      for (const done of flushes.values()) done();
      flushes.clear();
      if (stopped) return;
      options.failed?.();
      if (performance.now() - startedAt > steadyMs) restarts = 0;
      if (++restarts > maxRestarts) {
        diag.error(`the telemetry worker failed ${restarts} times and is not started again`);
        return;
      }
      setTimeout(() => {
        if (!stopped) worker = spawn();
      }, restartDelayMs).unref();
    });
    if (resource) made.postMessage(resource);
    made.unref();
    return made;
  }

  function received(message: ToMain): void {
    switch (message.type) {
      case 'ownMemory':
        predecessors.push(message.buffer);
        break;
      case 'listening':
        // Whoever scrapes a port that was free at random has been told of it.
        boundPort = Number(new URL(message.url).port);
        resolveUrl(message.url);
        break;
      case 'notListening': {
        const { host, port } = options.start.config.metrics.prometheus ?? {};
        diag.warn(`metrics port ${host}:${port} cannot be listened on: ${message.message}`);
        resolveUrl(undefined);
        break;
      }
      case 'collect':
        // The message may fail too: an attribute that cannot be cloned must not be an unhandled rejection.
        void options
          .collect()
          .then((snapshot) => worker.postMessage({ type: 'snapshot', snapshot } satisfies ToWorker))
          .catch((error: unknown) => diag.error(`collecting metrics failed: ${messageOf(error)}`));
        break;
      case 'rendered':
        renders.get(message.id)?.(message.rendered);
        renders.delete(message.id);
        break;
      case 'flushed':
        flushes.get(message.id)?.();
        flushes.delete(message.id);
        break;
      case 'diag':
        diag[message.level](message.line);
    }
  }

  const askFlush = (): number => {
    const id = nextId++;
    worker.postMessage({ type: 'flush', id } satisfies ToWorker);
    ring.wake();
    return id;
  };

  return {
    metricsUrl,
    post(message) {
      if (message.type === 'resource') resource = message;
      if (message.type === 'metricFile') {
        if (message.there) files.add(message.path);
        else files.delete(message.path);
      }
      worker.postMessage(message);
    },
    render: (accept) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        const timer = setTimeout(() => {
          renders.delete(id);
          reject(new Error('the telemetry worker does not answer'));
        }, renderLimitMs);
        renders.set(id, (rendered) => {
          clearTimeout(timer);
          resolve(rendered);
        });
        worker.postMessage({ type: 'render', id, accept } satisfies ToWorker);
      }),
    async flush(limitMs) {
      const id = askFlush();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          flushes.delete(id);
          resolve();
        }, limitMs);
        flushes.set(id, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
    flushSync(limitMs) {
      const until = performance.now() + limitMs;
      let done = control.get('flushDone');
      const id = askFlush();
      // An earlier flush that ends meanwhile has not sent all.
      for (let left = limitMs; done < id && left > 0; left = until - performance.now()) {
        control.waitFor('flushDone', done, left);
        done = control.get('flushDone');
      }
    },
    async stop() {
      stopped = true;
      await worker.terminate();
    },
  };
}

const renderLimitMs = 10_000;

function withPort(config: TelemetryConfig, port: number | undefined): TelemetryConfig {
  const { metrics } = config;
  if (port === undefined || metrics.prometheus === undefined) return config;
  return { ...config, metrics: { ...metrics, prometheus: { ...metrics.prometheus, port } } };
}

/** The configuration has been read: the exporters' own look at the environment must not add to it. */
function withoutOtlp(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('OTEL_EXPORTER_') && name !== 'NODE_OPTIONS'),
  );
}
