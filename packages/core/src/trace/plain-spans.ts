import { TraceFlags } from '@opentelemetry/api';
import { randomSpanId } from '../ids.ts';
import { defaultSpanLimits, LiveSpan, type SpanLimits } from './live-span.ts';
import type { LiveTrace } from './live-trace.ts';
import type { SpanStrategy } from './span-strategy.ts';

/** Makes the spans that others see of a request and its phases. @param isRecording whether they take notes */
export function liveSpans(
  limits: SpanLimits,
  isRecording: (trace: LiveTrace) => boolean,
): Pick<SpanStrategy, 'rootSpan' | 'phaseSpan'> {
  return {
    rootSpan: (trace) => new LiveSpan(trace.spanContext(), limits, () => isRecording(trace)),
    phaseSpan: (trace) =>
      new LiveSpan({ ...trace.spanContext(), spanId: randomSpanId() }, limits, () => isRecording(trace)),
  };
}

/** No spans, but the ids that others pass on and write into logs. */
export function createPlainSpans(): SpanStrategy {
  return {
    ...liveSpans(defaultSpanLimits, () => false),
    isSampled: (trace) => trace.parent !== undefined && (trace.parent.traceFlags & TraceFlags.SAMPLED) !== 0,
    ended: () => {},
    batchEnded: () => undefined,
  };
}
