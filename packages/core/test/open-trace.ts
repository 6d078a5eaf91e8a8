import { createPlainSpans, LiveTrace } from '@inferometer/core';
import { ROOT_CONTEXT } from '@opentelemetry/api';

/** A trace that began at 0, by itself: its times are the test's. */
export function openTrace(): LiveTrace {
  return new LiveTrace({
    method: 'POST',
    fnName: '/embed',
    start: { at: 0, epochUs: 1_000_000 },
    context: ROOT_CONTEXT,
    strategy: createPlainSpans(),
  });
}
