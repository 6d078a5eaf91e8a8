import {
  BOUNDS,
  type GaugeFamily,
  type HistogramFamily,
  type IdWords,
  METRIC,
  type MetricMemory,
  type Observer,
  type QueueReading,
  type TraceRecord,
} from '@inferometer/core';
import type { Decision } from '../deferred/keep-policy.ts';
import type { SpanOutcomes } from '../providers/counted-exporter.ts';
import { createBreakdownMetrics } from './breakdown-metrics.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import { createModelMetrics } from './model-metrics.ts';

/** The inference metrics, written to shared memory. */
export interface InferenceMetrics {
  readonly observer: Observer;
  /** Whether the request's bucket has no exemplar that is recent. */
  wantsExemplar(record: TraceRecord): boolean;
  decided(decision: Decision): void;
  /** Where the stock SDK's exporter tells what becomes of spans. */
  readonly spanOutcomes: SpanOutcomes;
  /** Writes what can only be read from time to time, such as queue depths. */
  sample(): void;
}

export interface InferenceMetricsOptions {
  readonly memory: MetricMemory;
  /** Version of the distribution, for `inferometer_build_info`. */
  readonly version: string;
  /** Bounds by metric name, instead of the defaults. */
  readonly bounds: Readonly<Record<string, readonly number[]>>;
  /** Shortest time between two exemplars of a bucket, ms; undefined for none at all. */
  readonly exemplarIntervalMs: number | undefined;
  /** Whether traces get through at present: an exemplar must not point to one that does not. */
  readonly canExport: () => boolean;
  /** Wall clock, ms. @default Date.now */
  readonly now?: () => number;
}

/** Statuses as labels, made once. */
const statusTexts = new Map<number, string>();

function statusText(status: number): string {
  let text = statusTexts.get(status);
  if (text === undefined) {
    text = String(status);
    statusTexts.set(status, text);
  }
  return text;
}

export function createInferenceMetrics(options: InferenceMetricsOptions): InferenceMetrics {
  const { memory, version, exemplarIntervalMs, canExport } = options;
  const now = options.now ?? Date.now;
  const histogram = (
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly string[],
    unit?: string,
  ): HistogramFamily =>
    memory.histogram({
      name,
      help,
      labels,
      bounds: options.bounds[name] ?? bounds,
      ...(unit === undefined ? {} : { unit }),
    });

  const requestDuration = histogram(
    METRIC.requestDuration,
    'Time from a request to the end of its answer.',
    BOUNDS.duration,
    ['model', 'status'],
    's',
  );
  const phaseDuration = histogram(
    METRIC.phaseDuration,
    'Time of a request in one phase; the phases add up to the request.',
    BOUNDS.phase,
    ['model', 'phase'],
    's',
  );
  // Under the name that exporter-prometheus gives the instrument of the conventions.
  const httpDuration = memory.histogram({
    name: METRIC.httpServerDuration,
    otlpName: 'http.server.request.duration',
    help: 'Duration of HTTP server requests.',
    unit: 's',
    bounds: options.bounds[METRIC.httpServerDuration] ?? BOUNDS.httpServer,
    labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  });
  const depthAtArrival = histogram(
    METRIC.queueDepthAtArrival,
    'Items that waited when a request came.',
    BOUNDS.depth,
    ['model'],
  );
  const batchSize = histogram(METRIC.batchSize, 'Items in a model run.', BOUNDS.batchSize, ['model']);
  const batchTokens = histogram(
    METRIC.batchTokens,
    'Tokens in a model run, without padding.',
    BOUNDS.tokens,
    ['model'],
  );
  const paddingRatio = histogram(
    METRIC.batchPaddingRatio,
    'Padding over all tokens of a model run.',
    BOUNDS.ratio,
    ['model'],
    '1',
  );
  const modelLoad = histogram(
    METRIC.modelLoad,
    'Time to start an executor and load its model, by phase; phase "total" is all of it.',
    BOUNDS.load,
    ['model', 'phase'],
    's',
  );
  const genAiDuration = histogram(
    METRIC.genAiRequestDuration,
    'Time of a generation request.',
    BOUNDS.genAiRequestDuration,
    ['gen_ai_request_model', 'gen_ai_operation_name'],
    's',
  );
  const timeToFirstToken = histogram(
    METRIC.genAiTimeToFirstToken,
    'Time to the first token of a generation.',
    BOUNDS.genAiTimeToFirstToken,
    ['gen_ai_request_model'],
    's',
  );
  const timePerToken = histogram(
    METRIC.genAiTimePerOutputToken,
    'Time per token after the first.',
    BOUNDS.genAiTimePerOutputToken,
    ['gen_ai_request_model'],
    's',
  );
  const dispatches = memory.counter({
    name: METRIC.batchDispatches,
    help: 'Batches by what they left the queue for.',
    labels: ['model', 'reason'],
  });
  const rejected = memory.counter({
    name: METRIC.requestsRejected,
    help: 'Requests refused, by reason.',
    labels: ['model', 'reason'],
  });
  const deviceTime = memory.counter({
    name: METRIC.deviceTime,
    help: 'Time of model runs by where they ran, shared out to their requests by tokens.',
    unit: 's',
    labels: ['model', 'tenant', 'inference_device'],
  });
  const cpuTime = memory.counter({
    name: METRIC.cpuTime,
    help: 'CPU that executors took in model runs, of all their threads, shared out to their requests by tokens.',
    unit: 's',
    labels: ['model', 'tenant'],
  });
  const tokens = memory.counter({
    name: METRIC.tokens,
    help: 'Tokens that models read and wrote, without padding.',
    labels: ['model', 'type'],
  });
  const restarts = memory.counter({
    name: METRIC.executorRestarts,
    help: 'Executors started again after a crash.',
    labels: ['model'],
  });
  const decisions = memory.counter({
    name: METRIC.traceDecisions,
    help: 'Sampled traces by what was decided at their end: why they are exported, or why not.',
    labels: ['decision'],
  });
  const exported = memory.counter({ name: METRIC.spansExported, help: 'Spans that the Collector took.' });
  const dropped = memory.counter({
    name: METRIC.spansDropped,
    help: 'Spans lost, by reason.',
    labels: ['reason'],
  });
  const inFlight = memory.gauge({ name: METRIC.requestsInFlight, help: 'Requests being worked on.' }).of();
  const queueDepth = memory.gauge({
    name: METRIC.queueDepth,
    help: 'Items that wait now.',
    labels: ['model'],
  });
  const queueCapacity = memory.gauge({
    name: METRIC.queueCapacity,
    help: 'Items that may wait.',
    labels: ['model'],
  });
  memory
    .gauge({
      name: METRIC.buildInfo,
      help: 'Version of the distribution; always 1.',
      labels: ['version'],
    })
    .of(version)
    .set(1);

  const caches = createCacheMetrics(memory);
  const breakdown = createBreakdownMetrics(memory);
  const models = createModelMetrics(memory);

  let coldStart: GaugeFamily | undefined;
  let dbClientDuration: HistogramFamily | undefined;
  /** By model: one that is loaded anew takes the place of the one before. */
  const queues = new Map<string, QueueReading>();
  const sample = (): void => {
    for (const { model, depth } of queues.values()) queueDepth.of(model).set(depth());
    caches.sample();
    models.sample();
  };

  /** Observes, and points to the request's trace if it is exported. */
  const observeIn = (
    family: HistogramFamily,
    value: number,
    ids: IdWords | undefined,
    epochMs: number,
    a: string,
    b?: string,
    c?: string,
  ): void => {
    const series = family.of(a, b, c);
    if (ids === undefined) series.observe(value);
    else series.observeIn(value, ids, epochMs);
  };

  const observeRequest = (record: TraceRecord): void => {
    inFlight.add(-1);
    const { trace } = record;
    const model = record.model ?? 'none';
    const points = trace.kept !== undefined && exemplarIntervalMs !== undefined && canExport();
    const ids = points ? trace : undefined;
    const at = points ? now() : 0;
    const seconds = record.totalUs / 1e6;
    observeIn(requestDuration, seconds, ids, at, model, statusText(record.status));
    for (let i = 0; i < record.totals.length; i++) {
      const total = record.totals[i] as (typeof record.totals)[number];
      observeIn(phaseDuration, total.durationUs / 1e6, ids, at, model, total.name);
    }
    if (record.method !== '') {
      observeIn(httpDuration, seconds, ids, at, record.method, record.route, statusText(record.status));
    }
    breakdown.requestEnded(record);
    if (record.generation) observeGeneration(model, record, record.generation, ids, at);
  };

  const observer: Observer = {
    requestStarted: () => inFlight.add(1),
    requestEnded(record) {
      memory.begin();
      try {
        observeRequest(record);
      } finally {
        memory.commit();
      }
    },
    requestRejected: (model, reason) => rejected.of(model, reason).add(),
    requestTurnedAway({ model, reason, method, route, status, seconds }) {
      rejected.of(model, reason).add();
      requestDuration.of(model, statusText(status)).observe(seconds);
      httpDuration.of(method, route, statusText(status)).observe(seconds);
    },
    queueAdded(queue) {
      queues.set(queue.model, queue);
      queueCapacity.of(queue.model).set(queue.capacity);
      sample();
      // From 0 on: a rate sees the first one only if the series was there before it.
      rejected.of(queue.model, 'queue_full').add(0);
      restarts.of(queue.model).add(0);
    },
    queueArrival: (model, depth) => depthAtArrival.of(model).observe(depth),
    batchEnded(batch) {
      const { model } = batch;
      breakdown.batchEnded(batch);
      batchSize.of(model).observe(batch.size);
      batchTokens.of(model).observe(batch.tokens);
      paddingRatio.of(model).observe(batch.paddingRatio);
      dispatches.of(model, batch.reason).add();
      const { inputTokens = 0, outputTokens = 0 } = batch;
      if (inputTokens > 0) tokens.of(model, 'input').add(inputTokens);
      if (outputTokens > 0) tokens.of(model, 'output').add(outputTokens);
    },
    deviceUsed(model, tenant = 'default', device, deviceMs, cpuMs) {
      deviceTime.of(model, tenant, device).add(deviceMs / 1e3);
      if (cpuMs > 0) cpuTime.of(model, tenant).add(cpuMs / 1e3);
    },
    modelOpened: models.opened,
    ...caches.observer,
    databaseAsked(system, operation, seconds, errorType = '') {
      // Not made before: an app without a database of ours may have an instrumentation's metric of this name.
      dbClientDuration ??= memory.histogram({
        name: METRIC.dbClientDuration,
        otlpName: 'db.client.operation.duration',
        help: 'Duration of database client operations.',
        unit: 's',
        bounds: options.bounds[METRIC.dbClientDuration] ?? BOUNDS.dbClient,
        labels: ['db_system_name', 'db_operation_name', 'error_type'],
      });
      dbClientDuration.of(system, operation, errorType).observe(seconds);
    },
    executorRestarted: (model) => restarts.of(model).add(),
    modelLoaded({ model, seconds, phases = [] }) {
      modelLoad.of(model, 'total').observe(seconds);
      for (const phase of phases) modelLoad.of(model, phase.name).observe(phase.seconds);
    },
    coldStart(seconds, phases = []) {
      // Not made before: 0 would be the time of an app without models.
      coldStart ??= memory.gauge({
        name: METRIC.coldStart,
        help: 'Time from the process start until all models were warm, by phase; phase "total" is all of it.',
        unit: 's',
        labels: ['phase'],
      });
      coldStart.of('total').set(seconds);
      for (const phase of phases) coldStart.of(phase.name).set(phase.seconds);
    },
  };

  return {
    observer,
    sample,
    spanOutcomes: {
      exported: (spans) => exported.of().add(spans),
      dropped: (reason, spans) => dropped.of(reason).add(spans),
    },
    decided: (decision) => decisions.of(decision).add(),
    wantsExemplar(record) {
      if (exemplarIntervalMs === undefined || !canExport()) return false;
      const series = requestDuration.of(record.model ?? 'none', statusText(record.status));
      return now() - series.exemplarAt(record.totalUs / 1e6) >= exemplarIntervalMs;
    },
  };

  function observeGeneration(
    model: string,
    record: TraceRecord,
    generation: NonNullable<TraceRecord['generation']>,
    ids: IdWords | undefined,
    at: number,
  ): void {
    const operation = record.operation ?? 'text_completion';
    observeIn(genAiDuration, record.totalUs / 1e6, ids, at, model, operation);
    observeIn(timeToFirstToken, (record.ttftUs ?? generation.firstUs) / 1e6, ids, at, model);
    const { betweenUs, gaps } = generation;
    // Of each text by itself: those of one request are made side by side.
    if (gaps > 0) observeIn(timePerToken, betweenUs / gaps / 1e6, ids, at, model);
  }
}
