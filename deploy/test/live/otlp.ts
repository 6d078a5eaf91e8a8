import { createHash } from 'node:crypto';

/** A span as a test writes it down. */
export interface SentSpan {
  readonly trace: string;
  readonly name: string;
  /** Of the same trace. @default a root */
  readonly parent?: string;
  /** @default 0.01 */
  readonly seconds?: number;
  readonly isError?: boolean;
  readonly attributes?: Readonly<Record<string, string | boolean>>;
}

/** The trace id of a trace that tests call `name`: always the same, and as random as any. */
export function traceIdOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** Sends spans as OTLP/HTTP, JSON. @returns the answer's status */
export async function sendSpans(url: string, spans: readonly SentSpan[]): Promise<number> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'sender' } }] },
          scopeSpans: [{ spans: spans.map(otlpSpan) }],
        },
      ],
    }),
  });
  await response.arrayBuffer();
  return response.status;
}

function otlpSpan({ trace, name, parent, seconds = 0.01, isError = false, attributes = {} }: SentSpan) {
  const endMs = Date.now();
  const startMs = endMs - seconds * 1000;
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(trace, name),
    ...(parent === undefined ? {} : { parentSpanId: spanIdOf(trace, parent) }),
    name,
    kind: parent === undefined ? 2 : 1,
    startTimeUnixNano: String(BigInt(Math.round(startMs * 1000)) * 1000n),
    endTimeUnixNano: String(BigInt(endMs) * 1_000_000n),
    status: isError ? { code: 2 } : {},
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { boolValue: value },
    })),
  };
}

function spanIdOf(trace: string, name: string): string {
  return createHash('sha256').update(`${trace}/${name}`).digest('hex').slice(0, 16);
}
