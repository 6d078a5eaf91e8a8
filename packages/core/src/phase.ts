import {
  type Attributes,
  type Context,
  context as contextApi,
  type Span,
  type SpanContext,
  TraceFlags,
  trace as traceApi,
} from '@opentelemetry/api';
import { installed } from './installed.ts';
import type { RequestTrace } from './trace/request-trace.ts';
import { type Ending, runToEnd } from './trace/run-to-end.ts';
import { activeContext, storedContext } from './trace/sync-context.ts';
import { contextOfAll, placeOf, type TracePlace } from './trace/trace-context.ts';

/**
 * Runs a function as a phase of the request that it is called in, and returns what it returns. The phase lasts until the
 * function has returned or thrown, its promise is settled, or its generator or stream has ended; of a generator or
 * stream only the time in it counts, each item is an output, and the first one gives the time to first token. Where
 * phases overlap, a moment belongs to the one that was entered last. Within `batch()` it is a phase of each request.
 *
 * Outside of a request, and where telemetry is off, it calls the function and does nothing else.
 * @param name such as `preprocess`; the span is `inference.<name>`
 */
export function phase<T>(name: string, fn: () => T): T {
  if (installed.telemetry === undefined) return fn();
  const stored = storedContext();
  const context = activeContext(stored);
  const place = placeOf(context);
  if (place === undefined) return fn();
  if (place.all !== undefined) return phaseOfEach(name, place.all, context, fn);
  const { trace } = place;
  if (trace.ended) return fn();
  const below = (place as unknown) === context ? undefined : userSpan(context, place);
  const entry = trace.openPhase(name, context, place.entry, below);
  return runToEnd(entry, name, fn, entry, stored);
}

/** A phase of several requests at once. */
export function phaseOfEach<T>(
  name: string,
  places: readonly TracePlace[],
  context: Context,
  fn: () => T,
  ended?: (error: unknown) => void,
): T {
  const entered = places
    .filter(({ trace }) => !trace.ended)
    .map(({ trace, entry }) => trace.openPhase(name, context, entry, undefined));
  const each = (tell: (ending: Ending) => void): void => entered.forEach(tell);
  return runToEnd(contextOfAll(context, entered), name, fn, {
    succeeded() {
      each((it) => it.succeeded());
      ended?.(undefined);
    },
    failed(error) {
      each((it) => it.failed(error));
      ended?.(error);
    },
    inParts: () => each((it) => it.inParts()),
    resume: () => each((it) => it.resume()),
    pause: () => each((it) => it.pause()),
    output: () => each((it) => it.output()),
  });
}

/** The user's own span that is active within a phase or request, if it is one that phases can lie below. */
function userSpan(context: Context, { trace, entry }: TracePlace): SpanContext | undefined {
  const span = traceApi.getSpan(context);
  if (span === undefined || span === trace.spanOf(entry)) return undefined;
  const found = span.spanContext();
  // Of another trace, or of none that is exported: a phase below it would belong to nothing.
  const isSampled = (found.traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled && found.traceId === trace.traceId ? found : undefined;
}

/**
 * The trace of the request that this is called in; undefined outside of one, in a batch of several, and where telemetry
 * is off.
 */
export function activeTrace(): RequestTrace | undefined {
  if (installed.telemetry === undefined) return undefined;
  const place = placeOf(contextApi.active());
  return place?.all === undefined ? place?.trace : undefined;
}

/** Notes a moment, as an event of the phase or request that it is called in. */
export function mark(name: string, attributes?: Attributes): void {
  forActiveSpans((span) => span.addEvent(name, attributes));
}

/** Puts attributes on the span of the phase or request that it is called in. */
export function setAttributes(attributes: Attributes): void {
  forActiveSpans((span) => span.setAttributes(attributes));
}

function forActiveSpans(tell: (span: Span) => void): void {
  if (installed.telemetry === undefined) return;
  const place = placeOf(contextApi.active());
  if (place === undefined) return;
  for (const { trace, entry } of place.all ?? [place]) tell(trace.spanOf(entry));
}
