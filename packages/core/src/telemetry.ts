import {
  type Attributes,
  type Context,
  context as contextApi,
  diag,
  propagation,
  SpanKind,
  type TextMapGetter,
  trace as traceApi,
} from '@opentelemetry/api';
import { messageOf } from './errors.ts';
import { fanOut, type Observer } from './observer.ts';
import { createTraceRing, type TraceRing } from './ring/trace-ring.ts';
import { LiveTrace } from './trace/live-trace.ts';
import { createPlainSpans } from './trace/plain-spans.ts';
import type { BatchRecord, TraceRecord } from './trace/record.ts';
import type { Outcome, RequestTrace } from './trace/request-trace.ts';
import { rootName } from './trace/root-attributes.ts';
import type { BatchLink, SpanStrategy } from './trace/span-strategy.ts';
import { TraceContext } from './trace/trace-context.ts';

export interface IncomingRequest {
  /** HTTP method; empty for what is not HTTP. */
  readonly method: string;
  /** Path, or the name of what is not HTTP. */
  readonly path: string;
  /** Headers in lower case, to find the caller's trace in. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** More attributes of the root span; asked for only when it is exported. */
  readonly attributes?: () => Attributes;
  /** Of the root span. @default SERVER for HTTP, else INTERNAL */
  readonly kind?: SpanKind;
}

/** A request's trace, its root span's context and how to close both. */
export interface OpenRequest {
  readonly trace: RequestTrace;
  /** Active while the request is worked on, so that phases find it and the user's own spans become its children. */
  readonly context: Context;
  /** @returns the record; the same one if it was closed before */
  close(outcome: Outcome): TraceRecord;
}

/** Where requests and batches are traced: opens traces, closes them into the ring, to observers and as spans. */
export interface Telemetry {
  readonly ring: TraceRing;
  readonly observer: Required<Observer>;
  openRequest(request: IncomingRequest): OpenRequest;
  /** Tells of the requests that have been closed and wait to be told of. */
  settle(): void;
  /**
   * Notes a batch that has run.
   * @returns its span, for the requests to link to; undefined when spans are not recorded
   */
  batchEnded(batch: BatchRecord, requests: readonly RequestTrace[]): BatchLink | undefined;
}

export interface TelemetryOptions {
  /** Requests kept for `/profiling`, integer >= 1. @default 1000 */
  readonly ringCapacity?: number;
  readonly observers?: readonly Observer[];
  /** How records become spans. @default not at all; ids are passed on all the same */
  readonly spans?: SpanStrategy;
  /**
   * Called with what tells ring, observers and spans of the closed requests, once one waits for it; to be run soon. Code
   * that runs for a dozen requests in a row costs a request a third of what it costs among the code of the application.
   * @default each is told of at once
   */
  readonly schedule?: (settle: () => void) => void;
}

const headerGetter: TextMapGetter<NonNullable<IncomingRequest['headers']>> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => headers[key.toLowerCase()],
};

/** Headers that the propagators read; they are asked once they are set. */
let carriers: readonly string[] = [];

/** Whether there is something to extract: most requests come without, and looking is cheaper than trying. */
function mayCarry(headers: NonNullable<IncomingRequest['headers']>): boolean {
  if (carriers.length === 0) carriers = propagation.fields().map((name) => name.toLowerCase());
  // A propagator that does not say what it reads is asked each time.
  if (carriers.length === 0) return true;
  for (let i = 0; i < carriers.length; i++) if (headers[carriers[i] as string] !== undefined) return true;
  return false;
}

class Opened implements OpenRequest {
  readonly trace: LiveTrace;
  readonly context: Context;
  readonly #close: (trace: LiveTrace, outcome: Outcome) => TraceRecord;
  #record: TraceRecord | undefined;

  constructor(
    trace: LiveTrace,
    context: Context,
    close: (trace: LiveTrace, outcome: Outcome) => TraceRecord,
  ) {
    this.trace = trace;
    this.context = context;
    this.#close = close;
  }

  close(outcome: Outcome): TraceRecord {
    // Not once the trace has ended: whoever ended it has told nobody.
    this.#record ??= this.#close(this.trace, outcome);
    return this.#record;
  }
}

/** Works with the API package alone: without an SDK no span is made, and the ring and observers still get all. */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const ring = createTraceRing(options.ringCapacity ?? 1000);
  const observer = fanOut(options.observers ?? []);
  const strategy = options.spans ?? createPlainSpans();

  const tell = (record: TraceRecord): void => {
    const { trace } = record;
    try {
      strategy.ended(trace, record);
      if (!trace.isOffRecord) ring.push(record);
      observer.requestEnded(record);
    } catch (error) {
      // The request has been answered all the same, and the others shall be told of.
      diag.error(`a request cannot be recorded: ${messageOf(error)}`);
    }
    trace.release();
  };

  const { schedule } = options;
  let waiting: TraceRecord[] = [];
  const settle = (): void => {
    if (waiting.length === 0) return;
    const told = waiting;
    // What comes meanwhile is told of in its turn.
    waiting = [];
    for (let i = 0; i < told.length; i++) tell(told[i] as TraceRecord);
  };

  const close = (trace: LiveTrace, outcome: Outcome): TraceRecord => {
    const record = trace.end(outcome);
    if (schedule === undefined) tell(record);
    else if (waiting.push(record) === 1) schedule(settle);
    return record;
  };

  return {
    get ring() {
      // Whoever looks finds what has been.
      settle();
      return ring;
    },
    observer,
    settle,
    openRequest({ method, path, headers, attributes, kind }) {
      observer.requestStarted();
      const active = contextApi.active();
      const context =
        headers && mayCarry(headers) ? propagation.extract(active, headers, headerGetter) : active;
      const parent = traceApi.getSpanContext(context);
      const valid = parent !== undefined && traceApi.isSpanContextValid(parent);
      const trace = new LiveTrace({
        method,
        fnName: path,
        context,
        strategy,
        parent: valid ? parent : undefined,
      });
      if (method === '') trace.route = path;
      trace.kind = kind ?? (method === '' ? SpanKind.INTERNAL : SpanKind.SERVER);
      trace.attributes = attributes;
      trace.sampled = strategy.isSampled(trace, rootName(method, trace.route));
      return new Opened(trace, new TraceContext(context, trace), close);
    },
    batchEnded(batch, requests) {
      observer.batchEnded(batch);
      return strategy.batchEnded(batch, requests);
    },
  };
}
