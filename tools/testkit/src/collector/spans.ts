import { type Attributes, type OtlpKeyValue, parseAttributes, parseJsonLines } from './otlp-json.ts';

export type SpanKind = 'UNSPECIFIED' | 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';

/** A span as the Collector got it, with the resource and the scope that it came under. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** From start to end, ms. */
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: bigint;
    readonly attributes: Attributes;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Attributes;
  }[];
  readonly status: { readonly code: 'UNSET' | 'OK' | 'ERROR'; readonly message: string };
  readonly traceState: string;
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

const kinds: readonly SpanKind[] = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const statusCodes = ['UNSET', 'OK', 'ERROR'] as const;

/** The spans of what the Collector's file exporter wrote. */
export function parseSpans(jsonLines: string): CollectedSpan[] {
  return (parseJsonLines(jsonLines) as RawTraces[]).flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
      scopeSpans.flatMap(({ scope, spans = [] }) =>
        spans.map((span) => ({
          ...parseSpan(span),
          resource: parseAttributes(resource?.attributes),
          scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
        })),
      ),
    ),
  );
}

function parseSpan(span: RawSpan): Omit<CollectedSpan, 'resource' | 'scope'> {
  const startTimeUnixNano = BigInt(span.startTimeUnixNano ?? 0);
  const endTimeUnixNano = BigInt(span.endTimeUnixNano ?? 0);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    name: span.name ?? '',
    kind: kinds[span.kind ?? 0] ?? 'UNSPECIFIED',
    startTimeUnixNano,
    endTimeUnixNano,
    durationMs: Number(endTimeUnixNano - startTimeUnixNano) / 1e6,
    attributes: parseAttributes(span.attributes),
    events: (span.events ?? []).map(({ name = '', timeUnixNano = 0, attributes }) => {
      return { name, timeUnixNano: BigInt(timeUnixNano), attributes: parseAttributes(attributes) };
    }),
    links: (span.links ?? []).map(({ traceId, spanId, attributes }) => {
      return { traceId, spanId, attributes: parseAttributes(attributes) };
    }),
    status: { code: statusCodes[span.status?.code ?? 0] ?? 'UNSET', message: span.status?.message ?? '' },
    traceState: span.traceState ?? '',
  };
}

interface RawTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpKeyValue[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly spans?: readonly RawSpan[];
    }[];
  }[];
}
interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly OtlpKeyValue[];
  readonly events?: readonly { name?: string; timeUnixNano?: string; attributes?: readonly OtlpKeyValue[] }[];
  readonly links?: readonly { traceId: string; spanId: string; attributes?: readonly OtlpKeyValue[] }[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly traceState?: string;
}
