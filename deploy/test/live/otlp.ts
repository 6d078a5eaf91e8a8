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
export function sendSpans(url: string, spans: readonly SentSpan[]): Promise<number> {
  return send(`${url}/v1/traces`, {
    resourceSpans: [{ resource, scopeSpans: [{ spans: spans.map(otlpSpan) }] }],
  });
}

/** Sends a reading of a gauge as OTLP/HTTP, JSON. @returns the answer's status */
export function sendGauge(url: string, name: string, value: number): Promise<number> {
  const dataPoints = [{ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), asDouble: value }];
  return send(`${url}/v1/metrics`, {
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints } }] }] }],
  });
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'sender' } }] };

async function send(url: string, body: object): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
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
