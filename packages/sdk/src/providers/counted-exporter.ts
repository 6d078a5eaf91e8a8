import { messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Told what becomes of spans. */
export interface SpanOutcomes {
  exported(spans: number): void;
  dropped(reason: 'export_failed' | 'queue_full', spans: number): void;
}

/** Counts what becomes of spans and says once when exporting fails and once when it works again. */
export interface SpanAccount {
  exporter(inner: SpanExporter): SpanExporter;
  /** Drops and counts spans that a processor behind it would have no room for. */
  processor(inner: SpanProcessor, capacity: number): SpanProcessor;
}

/** The values of `ExportResultCode`; its module is not one that we depend on. */
const exported = 0;

export function createSpanAccount(outcomes: SpanOutcomes): SpanAccount {
  let pending = 0;
  let failing = false;

  const failed = (spans: number, error: unknown): void => {
    outcomes.dropped('export_failed', spans);
    if (!failing)
      diag.warn(`spans cannot be exported and are dropped until it works again: ${messageOf(error)}`);
    failing = true;
  };

  return {
    exporter: (inner) => ({
      export(spans, done) {
        inner.export(spans, (result) => {
          pending -= spans.length;
          if (result.code === exported) {
            outcomes.exported(spans.length);
            if (failing) diag.info('spans are exported again');
            failing = false;
          } else failed(spans.length, result.error ?? new Error('unknown cause'));
          // The failure is accounted for: the batch processor would print it for every batch.
          done({ code: exported });
        });
      },
      shutdown: () => inner.shutdown(),
      forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
    }),
    processor: (inner, capacity) => ({
      onStart: (span, context) => inner.onStart(span, context),
      onEnd(span: ReadableSpan) {
        if ((span.spanContext().traceFlags & 1) === 0) return;
        if (pending >= capacity) outcomes.dropped('queue_full', 1);
        else {
          pending++;
          inner.onEnd(span);
        }
      },
      forceFlush: () => inner.forceFlush(),
      shutdown: () => inner.shutdown(),
    }),
  };
}
