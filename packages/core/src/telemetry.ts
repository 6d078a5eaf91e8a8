import {
  type Attributes,
  type Context,
  context as contextApi,
  propagation,
  type SpanContext,
  SpanKind,
  type TextMapGetter,
  trace as traceApi,
} from '@opentelemetry/api';
import { createRing, type Ring } from './ring.ts';
import type { BatchRecord, TraceRecord } from './trace/record.ts';
import { createRequestTrace, type Outcome, type RequestTrace, requestStart } from './trace/request-trace.ts';
import { emitBatchSpan, emitRequestSpans, hrTimeOfUs } from './trace/spans.ts';

/** A queue that metrics can read at any time. */
export interface QueueReading {
  readonly model: string;
  /** Items that may wait, at most. */
  readonly capacity: number;
  /** Items waiting now. */
  readonly depth: () => number;
}

/** One start of a model's executor. */
export interface ModelLoad {
  readonly model: string;
  readonly seconds: number;
}

/** Whoever wants to know what happened: metrics, logs, recorders. Every method is optional and must not throw. */
export interface Observer {
  requestStarted?(): void;
  requestEnded?(record: TraceRecord): void;
  requestRejected?(model: string, reason: string): void;
  queueAdded?(queue: QueueReading): void;
  /** @param depth items waiting before this one came */
  queueArrival?(model: string, depth: number): void;
  batchEnded?(batch: BatchRecord): void;
  executorRestarted?(model: string): void;
  modelLoaded?(load: ModelLoad): void;
  coldStart?(seconds: number): void;
}

export interface IncomingRequest {
  readonly method: string;
  readonly path: string;
  /** Headers in lower case, to find the caller's trace in. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** More attributes of the root span. */
  readonly attributes?: Attributes;
}

/** A request's trace, its root span's context and how to close both. */
export interface OpenRequest {
  readonly trace: RequestTrace;
  /** Active while the request is worked on, so that the user's own spans become its children. */
  readonly context: Context;
  close(outcome: Outcome): TraceRecord;
}

/** Where requests and batches are traced: opens traces, closes them into the ring, to observers and as spans. */
export interface Telemetry {
  readonly ring: Ring<TraceRecord>;
  readonly observer: Required<Observer>;
  openRequest(request: IncomingRequest): OpenRequest;
  /**
   * Notes a batch that has run.
   * @returns the context of its span, for the requests to link to; undefined when spans are not recorded
   */
  batchEnded(batch: BatchRecord, requests: readonly RequestTrace[]): SpanContext | undefined;
}

export interface TelemetryOptions {
  /** Requests kept for `/profiling`, integer >= 1. @default 1000 */
  readonly ringCapacity?: number;
  readonly observers?: readonly Observer[];
}

const headerGetter: TextMapGetter<IncomingRequest['headers']> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => headers[key.toLowerCase()],
};

const tracerName = '@inferometer/core';

/** Works with the API package alone: without an SDK no span is made, and the ring and observers still get all. */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const ring = createRing<TraceRecord>(options.ringCapacity ?? 1000);
  const observer = fanOut(options.observers ?? []);
  // The span contexts of open requests, for batches to link to; dropped with the request.
  const contexts = new WeakMap<RequestTrace, SpanContext>();
  const tracer = traceApi.getTracer(tracerName);

  return {
    ring,
    observer,
    openRequest(request) {
      observer.requestStarted();
      const remote = propagation.extract(contextApi.active(), request.headers, headerGetter);
      const start = requestStart();
      const root = tracer.startSpan(
        `${request.method} ${request.path}`,
        { kind: SpanKind.SERVER, startTime: hrTimeOfUs(start.epochUs), attributes: request.attributes ?? {} },
        remote,
      );
      const spanContext = root.spanContext();
      const valid = traceApi.isSpanContextValid(spanContext);
      // The trace's id is the tracer's or the caller's; without either the request still gets one.
      const traceId = valid ? spanContext.traceId : traceApi.getSpanContext(remote)?.traceId;
      const trace = createRequestTrace({
        method: request.method,
        fnName: request.path,
        start,
        ...(traceId === undefined ? {} : { traceId }),
      });
      if (valid) contexts.set(trace, spanContext);
      const context = traceApi.setSpan(remote, root);
      let record: TraceRecord | undefined;
      return {
        trace,
        context,
        close(outcome) {
          if (record) return record;
          record = trace.end(outcome);
          emitRequestSpans(tracer, root, remote, record);
          ring.push(record);
          observer.requestEnded(record);
          return record;
        },
      };
    },
    batchEnded(batch, requests) {
      observer.batchEnded(batch);
      const linked = requests.map((request) => contexts.get(request)).filter((found) => found !== undefined);
      if (linked.length === 0) return undefined;
      return emitBatchSpan(tracer, batch, contextApi.active(), linked);
    },
  };
}

/** One observer that tells all; a method that nobody has costs one empty call. */
function fanOut(observers: readonly Observer[]): Required<Observer> {
  return {
    requestStarted: () => {
      for (const each of observers) each.requestStarted?.();
    },
    requestEnded: (record) => {
      for (const each of observers) each.requestEnded?.(record);
    },
    requestRejected: (model, reason) => {
      for (const each of observers) each.requestRejected?.(model, reason);
    },
    queueAdded: (queue) => {
      for (const each of observers) each.queueAdded?.(queue);
    },
    queueArrival: (model, depth) => {
      for (const each of observers) each.queueArrival?.(model, depth);
    },
    batchEnded: (batch) => {
      for (const each of observers) each.batchEnded?.(batch);
    },
    executorRestarted: (model) => {
      for (const each of observers) each.executorRestarted?.(model);
    },
    modelLoaded: (load) => {
      for (const each of observers) each.modelLoaded?.(load);
    },
    coldStart: (seconds) => {
      for (const each of observers) each.coldStart?.(seconds);
    },
  };
}
