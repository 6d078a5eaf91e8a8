import { createPlainSpans, createTelemetry, type LiveTrace, type OpenRequest } from '@inferometer/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { createChildSpans } from '../src/deferred/child-spans.ts';
import type { PlainSpan } from '../src/shared/plain-span.ts';

/** A request whose spans the user makes, and what becomes of them. */
function children(kept: boolean): {
  readonly opened: OpenRequest;
  readonly forwarded: string[];
  start(name: string): { end(): void };
  settle(): void;
} {
  const forwarded: string[] = [];
  const forward = (spans: readonly PlainSpan[]): void =>
    void forwarded.push(...spans.map(({ name }) => name));
  const provider = new TracerProvider({ spanProcessors: [createChildSpans(forward, () => {})] });
  const telemetry = createTelemetry({
    schedule: () => {},
    spans: {
      ...createPlainSpans(),
      isSampled: () => true,
      ended(trace) {
        if (!kept) return;
        trace.kept = 'ratio';
        forward((trace.children ?? []) as PlainSpan[]);
      },
    },
  });
  const opened = telemetry.openRequest({ method: 'GET', path: '/' });
  return {
    opened,
    forwarded,
    start: (name) => provider.getTracer('test').startSpan(name, {}, opened.context),
    settle: () => telemetry.settle(),
  };
}

test('a span that ends between the end of its request and the telling of it shares its fate', () => {
  for (const kept of [true, false]) {
    const { opened, forwarded, start, settle } = children(kept);
    const [during, between, after] = ['during', 'between', 'after'].map(start);
    during?.end();
    opened.close({ status: 200 });
    between?.end();
    expect((opened.trace as LiveTrace).ended).toBe(true);
    expect(forwarded).toEqual([]);
    settle();
    after?.end();
    expect(forwarded).toEqual(kept ? ['during', 'between', 'after'] : []);
  }
});
