import { messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { TracesConfig } from '../config/telemetry-config.ts';
import type { PlainSpan } from '../shared/plain-span.ts';
import { createOtlpDelegate, maxInFlight, type OtlpBody } from './otlp-delegate.ts';
import { createJsonSpans } from './spans/json-spans.ts';
import { createProtoSpans } from './spans/proto-spans.ts';
import type { PhaseOfRequest, ResourceAttributes } from './spans/span-encoder.ts';

/** What became of spans. */
export interface SpanOutcomes {
  exported(spans: number): void;
  dropped(reason: 'export_failed' | 'queue_full', spans: number): void;
  /** Whether exports fail at present. */
  failing(failing: boolean): void;
}

/** Sends spans in batches; holds no more than the configuration allows. */
export interface SpanExport {
  /** Spans that wait or are on their way. */
  readonly pending: number;
  /** Whether more would have to be dropped. */
  readonly isFull: boolean;
  /** Takes a span, full or not: whoever asks first loses none. */
  add(span: PlainSpan): void;
  addPhase(span: PhaseOfRequest): void;
  /** Resolves when there is room again. */
  room(): Promise<void>;
  /** Sends what is there. Resolves when all of it has been sent or given up. */
  flush(): Promise<void>;
}

const succeeded = 0;

export function createSpanExport(
  config: TracesConfig,
  resource: ResourceAttributes,
  version: string,
  outcomes: SpanOutcomes,
): SpanExport {
  const { maxExportBatchSize, maxQueueSize, scheduleDelayMs } = config.batches;
  const json = config.protocol === 'http/json';
  const encoder = json ? createJsonSpans(resource, version) : createProtoSpans(resource, version);
  const timeoutMs = Math.min(config.timeoutMs, config.batches.exportTimeoutMs);
  const delegate = createOtlpDelegate(
    { ...config, timeoutMs },
    {
      name: 'TRACES',
      path: 'v1/traces',
      item: 'span',
      deserialize: (json ? JsonTraceSerializer : ProtobufTraceSerializer).deserializeResponse,
    },
  );
  const waiting: OtlpBody[] = [];
  let waitingSpans = 0;
  let inFlight = 0;
  let inFlightSpans = 0;
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  const wakers: (() => void)[] = [];

  const pending = (): number => encoder.count + waitingSpans + inFlightSpans;

  const pack = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const spans = encoder.count;
    if (spans === 0) return;
    waiting.push({ bytes: encoder.take(), items: spans });
    waitingSpans += spans;
    send();
  };

  const send = (): void => {
    while (inFlight < maxInFlight) {
      const body = waiting.shift();
      if (body === undefined) return;
      waitingSpans -= body.items;
      inFlight++;
      inFlightSpans += body.items;
      delegate.export(body, ({ code, error }) => {
        inFlight--;
        inFlightSpans -= body.items;
        account(code === succeeded, body.items, error);
        send();
        for (const wake of wakers.splice(0)) wake();
      });
    }
  };

  const account = (done: boolean, spans: number, error: Error | undefined): void => {
    if (done) outcomes.exported(spans);
    else outcomes.dropped('export_failed', spans);
    if (done === !failing) return;
    failing = !done;
    outcomes.failing(failing);
    if (done) diag.info('spans are exported again');
    else {
      diag.warn(
        `spans cannot be exported to ${config.endpoint} and are dropped until it works again: ${messageOf(error ?? 'unknown cause')}`,
      );
    }
  };

  const added = (): void => {
    if (encoder.count >= maxExportBatchSize) pack();
    else timer ??= setTimeout(pack, scheduleDelayMs);
  };

  const nextChange = (): Promise<void> => new Promise((resolve) => wakers.push(resolve));

  return {
    get pending() {
      return pending();
    },
    get isFull() {
      return pending() >= maxQueueSize;
    },
    add(span) {
      encoder.add(span);
      added();
    },
    addPhase(span) {
      encoder.addPhase(span);
      added();
    },
    async room() {
      while (pending() >= maxQueueSize) {
        pack();
        await nextChange();
      }
    },
    async flush() {
      pack();
      while (pending() > 0) await nextChange();
    },
  };
}
