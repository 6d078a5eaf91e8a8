import { monoNow, phase, setAttributes, trace } from '@inferometer/core';
import { type RunningTelemetry, startTelemetry } from '@inferometer/sdk';
import { type CollectedSpan, type Collector, describeWithParts, startCollector } from '@inferometer/testkit';
import { trace as traceApi } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';

describeWithParts('deferred spans', ['otelcol'], () => {
  let collector: Collector;
  let telemetry: RunningTelemetry;

  beforeAll(async () => {
    collector = await startCollector();
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
      INFEROMETER_TRACES_RATIO: '1',
    });
    telemetry = startTelemetry();
  });

  afterAll(async () => {
    await telemetry?.shutdown();
    await collector?.stop();
  });

  /** The spans of a trace, once its root has arrived. */
  async function spansOf(root: string): Promise<CollectedSpan[]> {
    await telemetry.flush();
    const all = await collector.waitForSpans((spans) => spans.some(({ name }) => name === root));
    const { traceId } = all.find(({ name }) => name === root) as CollectedSpan;
    return all.filter((span) => span.traceId === traceId);
  }

  test('of a request that took an hour are as long as it was', async () => {
    const hour = 3_600_000;
    trace('long', (it) => {
      it.enter('run');
      // Its end lies ahead: as if the time had passed.
      it.end({ status: 200, at: monoNow() + hour });
    });
    const durations = new Map((await spansOf('long')).map((span) => [span.name, span.durationMs]));
    for (const name of ['long', 'inference.run']) {
      expect(durations.get(name)).toBeGreaterThanOrEqual(hour);
      expect(durations.get(name)).toBeLessThan(hour + 60_000);
    }
  });

  test('have the attributes that were put on them, also those that JSON does not know', async () => {
    trace('odd', () => {
      setAttributes({ infinite: Number.POSITIVE_INFINITY, none: Number.NaN });
      phase('run', () => {
        traceApi.getActiveSpan()?.setAttribute('bytes', new Uint8Array([1, 2, 3]) as never);
      });
    });
    const spans = new Map((await spansOf('odd')).map((span) => [span.name, span.attributes]));
    expect(spans.get('odd')).toMatchObject({ infinite: Number.POSITIVE_INFINITY, none: Number.NaN });
    expect(spans.get('inference.run')).toMatchObject({ bytes: 'AQID' });
  });
});
