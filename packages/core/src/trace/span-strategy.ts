import type { Span, SpanContext } from '@opentelemetry/api';
import type { LiveTrace } from './live-trace.ts';
import type { PhaseEntry } from './phase-entry.ts';
import type { BatchRecord, TraceRecord } from './record.ts';
import type { RequestTrace } from './request-trace.ts';

/** A batch's own span, for the requests in it to link to. */
export interface BatchLink {
  readonly spanContext: SpanContext;
}

/**
 * How a request's record becomes spans: by the stock SDK as it goes (inline), by a worker when it has ended (deferred),
 * or not at all. Methods must not throw.
 */
export interface SpanStrategy {
  /** Head sampling: whether the trace may be exported. */
  isSampled(trace: LiveTrace, name: string): boolean;
  rootSpan(trace: LiveTrace): Span;
  phaseSpan(trace: LiveTrace, entry: PhaseEntry): Span;
  phaseOpened?(trace: LiveTrace, entry: PhaseEntry): void;
  phaseClosed?(trace: LiveTrace, entry: PhaseEntry): void;
  /** Exports what it keeps and says so in `trace.kept`. */
  ended(trace: LiveTrace, record: TraceRecord): void;
  batchEnded(batch: BatchRecord, requests: readonly RequestTrace[]): BatchLink | undefined;
}
