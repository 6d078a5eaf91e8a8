import { BOUNDS, METRIC, type Observer, type QueueReading, type TraceRecord } from '@inferometer/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createLabelCap } from './label-cap.ts';

/** Distinct values of `model` and `tenant` before they fold into `other`. */
const labelLimit = 100;

/** The inference metrics and the process's own, in a registry of their own. */
export interface InferenceMetrics {
  readonly registry: Registry;
  readonly observer: Observer;
}

/** What the span pipeline has counted. */
export interface SpanCounts {
  readonly exported: number;
  /** By reason: `export_failed`, `queue_full`. */
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * @param version of the distribution, for `inferometer_build_info`
 * @param spanCounts read at each scrape
 */
export function createInferenceMetrics(version: string, spanCounts: () => SpanCounts): InferenceMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: L[],
  ): Histogram<L> => new Histogram({ name, help, buckets: [...buckets], labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const models = createLabelCap(labelLimit);
  const tenants = createLabelCap(labelLimit);

  const requestDuration = histogram(
    METRIC.requestDuration,
    'Time from a request to the end of its answer.',
    BOUNDS.duration,
    ['model', 'status'],
  );
  const phaseDuration = histogram(
    METRIC.phaseDuration,
    'Time of a request in one phase; the phases add up to the request.',
    BOUNDS.phase,
    ['model', 'phase'],
  );
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
  );
  const dispatches = counter(METRIC.batchDispatches, 'Batches by what they left the queue for.', [
    'model',
    'reason',
  ]);
  const rejected = counter(METRIC.requestsRejected, 'Requests refused, by reason.', ['model', 'reason']);
  const deviceTime = counter(METRIC.deviceTime, 'Time of model runs, shared out by tokens.', [
    'model',
    'tenant',
  ]);
  const restarts = counter(METRIC.executorRestarts, 'Executors started again after a crash.', ['model']);
  const modelLoad = histogram(
    METRIC.modelLoad,
    'Time to start an executor and load its model.',
    BOUNDS.load,
    ['model'],
  );
  const genAiDuration = histogram(
    METRIC.genAiRequestDuration,
    'Time of a generation request.',
    BOUNDS.genAiRequestDuration,
    ['gen_ai_request_model', 'gen_ai_operation_name'],
  );
  const timeToFirstToken = histogram(
    METRIC.genAiTimeToFirstToken,
    'Time to the first token of a generation.',
    BOUNDS.genAiTimeToFirstToken,
    ['gen_ai_request_model'],
  );
  const timePerToken = histogram(
    METRIC.genAiTimePerOutputToken,
    'Time per token after the first.',
    BOUNDS.genAiTimePerOutputToken,
    ['gen_ai_request_model'],
  );
  const inFlight = new Gauge({ name: METRIC.requestsInFlight, help: 'Requests being worked on.', registers });
  const coldStart = new Gauge({
    name: METRIC.coldStart,
    help: 'Time from the process start until all models were warm.',
    registers,
  });
  new Gauge({
    name: METRIC.buildInfo,
    help: 'Version of the distribution; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  registerQueues();
  registerSpanCounts();

  const queues: QueueReading[] = [];
  const observer: Observer = {
    requestStarted: () => inFlight.inc(),
    requestEnded(record) {
      inFlight.dec();
      const model = models.valueOf(record.model ?? 'none');
      requestDuration.observe({ model, status: String(record.status) }, record.totalUs / 1e6);
      for (const total of record.totals)
        phaseDuration.observe({ model, phase: total.name }, total.durationUs / 1e6);
      const tenant = tenants.valueOf(record.tenant ?? 'default');
      if (record.deviceMs > 0) deviceTime.inc({ model, tenant }, record.deviceMs / 1e3);
      if (record.generation) observeGeneration(model, record, record.generation);
    },
    requestRejected: (model, reason) => rejected.inc({ model: models.valueOf(model), reason }),
    queueAdded(queue) {
      queues.push(queue);
      // From 0 on: a rate sees the first refusal only if the series was there before it.
      rejected.inc({ model: models.valueOf(queue.model), reason: 'overloaded' }, 0);
    },
    queueArrival: (model, depth) => depthAtArrival.observe({ model }, depth),
    batchEnded(batch) {
      const { model } = batch;
      batchSize.observe({ model }, batch.size);
      batchTokens.observe({ model }, batch.tokens);
      paddingRatio.observe({ model }, batch.paddingRatio);
      dispatches.inc({ model, reason: batch.reason });
    },
    executorRestarted: (model) => restarts.inc({ model }),
    modelLoaded: (load) => modelLoad.observe({ model: load.model }, load.seconds),
    coldStart: (seconds) => coldStart.set(seconds),
  };
  return { registry, observer };

  function observeGeneration(
    model: string,
    record: TraceRecord,
    generation: NonNullable<TraceRecord['generation']>,
  ): void {
    const labels = { gen_ai_request_model: model };
    genAiDuration.observe({ ...labels, gen_ai_operation_name: 'text_completion' }, record.totalUs / 1e6);
    timeToFirstToken.observe(labels, (record.ttftUs ?? generation.firstUs) / 1e6);
    if (generation.tokens < 2) return;
    timePerToken.observe(labels, (generation.lastUs - generation.firstUs) / (generation.tokens - 1) / 1e6);
  }

  function registerQueues(): void {
    new Gauge({
      name: METRIC.queueDepth,
      help: 'Items that wait now.',
      labelNames: ['model'],
      registers,
      collect() {
        for (const queue of queues) this.set({ model: queue.model }, queue.depth());
      },
    });
    new Gauge({
      name: METRIC.queueCapacity,
      help: 'Items that may wait.',
      labelNames: ['model'],
      registers,
      collect() {
        for (const queue of queues) this.set({ model: queue.model }, queue.capacity);
      },
    });
  }

  function registerSpanCounts(): void {
    new Counter({
      name: METRIC.spansExported,
      help: 'Spans that the Collector took.',
      registers,
      collect() {
        this.reset();
        this.inc(spanCounts().exported);
      },
    });
    new Counter({
      name: METRIC.spansDropped,
      help: 'Spans lost, by reason.',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(spanCounts().dropped)) this.inc({ reason }, count);
      },
    });
  }
}
