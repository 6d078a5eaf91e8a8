import { setPriority, uptime } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@inferometer/core';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { negotiate } from '../exposition/negotiate.ts';
import { renderFamilies } from '../exposition/render.ts';
import { createReadHost } from '../host/read-host.ts';
import { openControl } from '../shared/control.ts';
import type { ToMain, ToWorker, WorkerStart } from '../shared/messages.ts';
import type { PlainSpan } from '../shared/plain-span.ts';
import { openSpanRing } from '../shared/span-ring.ts';
import { createBlockWatch } from './block-watch.ts';
import { startGpu } from './gpu/start-gpu.ts';
import { createMetricSources } from './metric-sources.ts';
import { createMetricsPush, type MetricsPush } from './metrics-push.ts';
import { createMetricsServer, listen } from './metrics-server.ts';
import { createOwnMetrics } from './own-metrics.ts';
import { createSpanExport, type SpanExport, type SpanOutcomes } from './span-export.ts';
import { createRingReader } from './spans/ring-reader.ts';

/**
 * The telemetry worker: makes and sends spans, answers scrapes, pushes metrics and watches the main loop, whatever the
 * main thread is doing.
 */

/**
 * Below the application's threads, but not by much: where all cores are busy, one that the kernel wakes for telemetry takes
 * the place of a request. A third of a core is left, which is several times what it needs.
 */
const niceness = 5;
// Elsewhere it would be the priority of the whole process.
if (process.platform === 'linux') setPriority(0, niceness);

const start = workerData as WorkerStart;
const { config } = start;
const port = parentPort as NonNullable<typeof parentPort>;
const tell = (message: ToMain): void => port.postMessage(message);

const say =
  (level: Extract<ToMain, { type: 'diag' }>['level']) =>
  (message: string, ...rest: unknown[]): void =>
    tell({ type: 'diag', level, line: [message, ...rest].map(String).join(' ') });
diag.setLogger(
  { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug'), verbose: say('verbose') },
  // What is less severe costs a message each, and the main thread would not print it.
  {
    logLevel: ['debug', 'verbose'].includes(config.logLevel) ? DiagLogLevel.DEBUG : DiagLogLevel.INFO,
    suppressOverrideMessage: true,
  },
);

let resourceKnown: () => void = () => {};
const whenResourceKnown = new Promise<void>((resolve) => {
  resourceKnown = resolve;
});
const control = openControl(start.control);
const ring = openSpanRing(start.ring);
const own = createOwnMetrics(control, start.predecessors, config.metrics.labelLimit);
tell({ type: 'ownMemory', buffer: own.buffer });
// The one before may have failed while exports did.
control.set('exportFailing', 0);
const watch = createBlockWatch(control, {
  thresholdMs: config.liveness.blockedThresholdMs,
  ended: own.blocked,
});

/** Made with the resource, which encoders write at the front of each body. */
let spans: SpanExport | undefined;
let push: MetricsPush | undefined;

const outcomes: SpanOutcomes = {
  exported(count) {
    own.exported(count);
    control.add('exportedSpans', count);
  },
  dropped: own.dropped,
  failing: (failing) => control.set('exportFailing', failing ? 1 : 0),
};
// After one that has failed: what it was told of texts is unknown here.
const isLate = start.predecessors.length > 0;
const reader = createRingReader(
  start.version,
  { add: (span) => spans?.add(span), addPhase: (span) => spans?.addPhase(span) },
  isLate ? () => own.dropped('worker_failed', 1) : undefined,
);

const readGpus = startGpu({ config, memory: own.memory, mainMemory: start.memory, cost: own.gpuCost });

const bootMs = Math.round(Date.now() - uptime() * 1000);
const readHost = createReadHost({ bootMs });

const sources = createMetricSources({
  memory: start.memory,
  own: () => [...own.read(watch, spans?.pending ?? 0), ...readGpus(), ...readHost()],
  ask: () => tell({ type: 'collect' }),
  isBlocked: () => watch.currentSeconds > 0,
});
for (const path of start.metricFiles) sources.addFile(path);

/** Opens the metrics port; resolves when it is told whether that went well. */
async function startServer(): Promise<void> {
  if (!config.metrics.prometheus) return;
  const server = createMetricsServer({
    collect: sources.collect,
    blockedSeconds: () => watch.currentSeconds,
    livezBlockedMs: config.liveness.livezBlockedMs,
  });
  try {
    tell({ type: 'listening', url: await listen(server, config.metrics.prometheus) });
  } catch (error) {
    tell({ type: 'notListening', message: messageOf(error) });
  }
}
const serverStarted = startServer();

/** Empties the ring as far as there is room for its spans. */
const drain = (): boolean =>
  ring.drain((words, at, length) => {
    try {
      reader.read(words, at, length);
    } catch (error) {
      diag.error(`a trace could not be read: ${messageOf(error)}`);
    }
    return spans === undefined || !spans.isFull;
  });

/** The ring is looked at so often; a good part of it being full wakes us earlier. */
const idleMs = 100;

const drainForEver = async (): Promise<never> => {
  await whenResourceKnown;
  for (;;) {
    drain();
    if (spans?.isFull) await spans.room();
    else await ring.wait(idleMs);
  }
};

const flush = async (): Promise<void> => {
  await whenResourceKnown;
  do {
    drain();
    await spans?.room();
  } while (ring.used > 0);
  // An application that ends at once still says where its metrics were.
  await Promise.all([serverStarted, spans?.flush(), push?.flush()]);
};

/** Spans that came before the resource was known. */
const early: PlainSpan[] = [];

function takeSpans(taken: readonly PlainSpan[]): void {
  for (const span of taken) {
    if (spans?.isFull) own.dropped('queue_full', 1);
    else spans?.add(span);
  }
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'resource':
      begin(message.attributes);
      break;
    case 'spans':
      if (spans) takeSpans(message.spans);
      else early.push(...message.spans);
      break;
    case 'snapshot':
      sources.received(message.snapshot);
      break;
    case 'render':
      void render(message.id, message.accept);
      break;
    case 'flush':
      void flush().then(() => {
        control.set('flushDone', message.id);
        tell({ type: 'flushed', id: message.id });
      });
      break;
    case 'metricFile':
      if (message.there) sources.addFile(message.path);
      else sources.removeFile(message.path);
      break;
    case 'dropped':
      own.dropped(message.reason, message.spans);
  }
});

function begin(attributes: Readonly<Record<string, unknown>>): void {
  if (spans || push) return;
  if (config.traces) spans = createSpanExport(config.traces, attributes, start.version, outcomes);
  takeSpans(early.splice(0));
  if (config.metrics.otlp) push = createMetricsPush(config.metrics.otlp, attributes, sources.collect);
  resourceKnown();
}

async function render(id: number, accept: string | undefined): Promise<void> {
  const { format, contentType } = negotiate(accept);
  const body = Buffer.concat([...renderFamilies(format, await sources.collect())]);
  tell({ type: 'rendered', id, rendered: { contentType, body } });
}

void drainForEver();
