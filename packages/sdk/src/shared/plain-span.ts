import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Seconds and nanoseconds since the epoch. */
export type HrTimePair = readonly [seconds: number, nanoseconds: number];

/** A span as plain data, on its way to the worker. Kinds and status codes are the API's. */
export interface PlainSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for none. */
  readonly parentSpanId: string;
  readonly parentIsRemote: boolean;
  readonly traceState: string;
  readonly traceFlags: number;
  readonly name: string;
  readonly kind: number;
  readonly start: HrTimePair;
  readonly end: HrTimePair;
  readonly attributes: Attributes;
  readonly events: readonly {
    readonly name: string;
    readonly time: HrTimePair;
    readonly attributes: Attributes;
    readonly dropped: number;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState: string;
    readonly attributes: Attributes;
    readonly dropped: number;
  }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
  readonly scope: { readonly name: string; readonly version: string };
}

/** A span of the stock SDK as plain data. */
export function plainSpan(span: ReadableSpan): PlainSpan {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const parent = span.parentSpanContext;
  return {
    traceId,
    spanId,
    parentSpanId: parent?.spanId ?? '',
    parentIsRemote: parent?.isRemote === true,
    traceState: traceState?.serialize() ?? '',
    traceFlags,
    name: span.name,
    kind: span.kind,
    start: span.startTime,
    end: span.endTime,
    attributes: span.attributes,
    events: span.events.map(({ name, time, attributes, droppedAttributesCount }) => ({
      name,
      time,
      attributes: attributes ?? {},
      dropped: droppedAttributesCount ?? 0,
    })),
    links: span.links.map(({ context, attributes, droppedAttributesCount }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      traceState: context.traceState?.serialize() ?? '',
      attributes: attributes ?? {},
      dropped: droppedAttributesCount ?? 0,
    })),
    status: { code: span.status.code, message: span.status.message ?? '' },
    droppedAttributes: span.droppedAttributesCount,
    droppedEvents: span.droppedEventsCount,
    droppedLinks: span.droppedLinksCount,
    scope: {
      name: span.instrumentationScope.name,
      version: span.instrumentationScope.version ?? '',
    },
  };
}
