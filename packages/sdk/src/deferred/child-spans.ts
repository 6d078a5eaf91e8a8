import { placeOf } from '@inferometer/core';
import { type Context, type Span, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { type PlainSpan, plainSpan } from '../shared/plain-span.ts';

/** Spans of the user's that one request may hold until it has ended; the rest is dropped and counted. */
const maxChildren = 1000;

/**
 * Sends the spans that others make with the API to the worker. Those within a request wait for its end and share its
 * fate, so that no trace is exported in parts; the others go at once.
 * @param dropped told of spans that found no room, or whose request is not exported
 */
export function createChildSpans(
  forward: (spans: readonly PlainSpan[]) => void,
  dropped: (reason: 'children_limit', spans: number) => void,
): SpanProcessor {
  type Trace = NonNullable<ReturnType<typeof placeOf>>['trace'];
  const traces = new WeakMap<object, Trace>();
  return {
    onStart(span: object, parent: Context) {
      const trace = placeOf(parent)?.trace;
      // One that starts a trace of its own, or continues another one, has nothing to do with the request.
      if (trace && trace.traceId === (span as Span).spanContext().traceId) traces.set(span, trace);
    },
    onEnd(span: ReadableSpan) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      const trace = traces.get(span);
      if (trace === undefined) return forward([plainSpan(span)]);
      if (trace.isReleased) {
        if (trace.kept !== undefined) forward([plainSpan(span)]);
        return;
      }
      trace.children ??= [];
      if (trace.children.length < maxChildren) trace.children.push(plainSpan(span));
      else dropped('children_limit', 1);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
