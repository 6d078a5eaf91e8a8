import { type CollectedSpan, describeWithParts, startCollector } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { startServer } from './serving.ts';

const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`;

const childrenOf = (spans: readonly CollectedSpan[], parent: string): CollectedSpan[] =>
  spans
    .filter((span) => span.parentSpanId === parent)
    .sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));

/** The children of a span cover it from its start to its end, each beginning where the one before ended. */
function expectGapFree(root: CollectedSpan, children: readonly CollectedSpan[]): void {
  let at = root.startTimeUnixNano;
  for (const child of children) {
    expect(child.startTimeUnixNano, `${child.name} begins where the one before ended`).toBe(at);
    at = child.endTimeUnixNano;
  }
  expect(at, 'the last child ends with the root').toBe(root.endTimeUnixNano);
}

describeWithParts('spans at a real Collector', ['otelcol'], () => {
  test.each(['http/json', 'http/protobuf'])(
    'one gap-free tree a request, below the caller’s span (%s)',
    async (protocol) => {
      await using collector = await startCollector();
      await using server = await startServer({
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_SERVICE_NAME: 'nicknames',
          OTEL_BSP_SCHEDULE_DELAY: '200',
        },
      });
      await (await server.post('/embed', { inputs: ['a', 'b c d'] }, { traceparent })).arrayBuffer();
      await (
        await server.post('/v1/completions', { prompt: 'mood: sleepy\n', max_tokens: 12, temperature: 0 })
      ).arrayBuffer();
      await (await server.post('/embed', { inputs: 5 })).arrayBuffer();
      const spans = await collector.waitForSpans(
        (all) =>
          all.filter((span) => span.kind === 'SERVER').length === 3 &&
          all.some((it) => it.name === 'inference.decode'),
      );
      const root = spans.find(
        (span) => span.traceId === caller.traceId && span.kind === 'SERVER',
      ) as CollectedSpan;
      expect(root).toMatchObject({
        name: 'POST /embed',
        parentSpanId: caller.spanId,
        resource: {
          'service.name': 'nicknames',
          'telemetry.distro.name': 'inferometer',
          'telemetry.sdk.language': 'nodejs',
        },
        attributes: {
          'http.response.status_code': 200,
          'http.route': '/embed',
          'inference.model': 'nickname-encoder',
        },
      });
      const phases = childrenOf(spans, root.spanId);
      const names = [
        'admission',
        'preprocess',
        'queue',
        'batch',
        'transfer',
        'run',
        'postprocess',
        'transfer',
        'postprocess',
      ].map((name) => `inference.${name}`);
      expect(phases.map((span) => span.name)).toEqual(names);
      expectGapFree(root, phases);

      const batch = spans.find(
        (span) => span.name === 'inference.batch.run' && span.links[0]?.spanId === root.spanId,
      );
      expect(batch?.attributes).toMatchObject({
        'inference.batch.size': 2,
        'inference.batch.dispatch_reason': 'idle',
      });
      const phase = phases.find((span) => span.name === 'inference.batch');
      expect(phase?.links[0]).toMatchObject({ traceId: batch?.traceId, spanId: batch?.spanId });

      const completion = spans.find((span) => span.name === 'POST /v1/completions') as CollectedSpan;
      const parts = childrenOf(spans, completion.spanId);
      expectGapFree(completion, parts);
      const run = parts.find((span) => span.name === 'inference.run') as CollectedSpan;
      const [prefill, decode] = childrenOf(spans, run.spanId);
      expect([prefill?.name, decode?.name]).toEqual(['inference.prefill', 'inference.decode']);
      expect(prefill?.endTimeUnixNano).toBe(decode?.startTimeUnixNano);

      const refused = spans.find((span) => span.attributes['http.response.status_code'] === 422);
      expect(refused).toMatchObject({
        attributes: { 'error.type': 'invalid_value' },
        status: { code: 'UNSET' },
      });
    },
  );

  test('an unsampled caller gets no spans, and what OTEL_TRACES_SAMPLER says is followed', async () => {
    await using collector = await startCollector();
    await using server = await startServer({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      },
    });
    await (await server.post('/embed', { inputs: 'not sampled' })).arrayBuffer();
    await (await server.post('/embed', { inputs: 'sampled' }, { traceparent })).arrayBuffer();
    const spans = await collector.waitForSpans((all) => all.some((span) => span.kind === 'SERVER'));
    expect(new Set(spans.filter((span) => span.kind === 'SERVER').map((span) => span.traceId))).toEqual(
      new Set([caller.traceId]),
    );
  });

  test('spans that wait are sent when the server is told to stop', async () => {
    await using collector = await startCollector();
    await using server = await startServer({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '60000' },
    });
    await (await server.post('/embed', { inputs: 'last words' })).arrayBuffer();
    await server.stop();
    // The server has ended: what comes now was sent before, and the Collector only has to write it.
    const spans = await collector.waitForSpans((all) => all.some((span) => span.kind === 'SERVER'));
    expect(spans.filter((span) => span.kind === 'SERVER')).toHaveLength(1);
  });

  test('with the Collector gone requests go on, drops are counted and said once, and it recovers by itself', async () => {
    const collector = await startCollector();
    const { ports } = collector;
    await collector.stop();
    await using server = await startServer({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      },
    });
    const dropped = async (): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return [...text.matchAll(/^inferometer_spans_dropped_total\{.*\} (\d+)$/gm)].reduce(
        (sum, it) => sum + Number(it[1]),
        0,
      );
    };
    for (let i = 0; i < 150; i++) {
      const response = await server.post('/embed', { inputs: `text ${i}` });
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
    await expect.poll(dropped, { timeout: 20_000 }).toBeGreaterThan(0);
    const lines = server.process.stderr().trim().split('\n').filter(Boolean);
    expect(lines.filter((line) => line.includes('cannot be exported'))).toHaveLength(1);
    expect(lines.length).toBeLessThan(4);
    await using again = await startCollector({ ports });
    let sent = 0;
    await expect
      .poll(
        async () => {
          await (await server.post('/embed', { inputs: `again ${sent++}` })).arrayBuffer();
          return (await again.spans()).length;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
  });
});

test('without an endpoint nothing is exported and nothing printed', async () => {
  await using server = await startServer();
  for (let i = 0; i < 50; i++) await (await server.post('/embed', { inputs: `text ${i}` })).arrayBuffer();
  expect(server.process.stderr()).toBe('');
  const trace = (await server.get<{ trace_id: string }[]>('/profiling/traces?last_n=1'))[0];
  expect(trace?.trace_id).toMatch(/^[0-9a-f]{32}$/);
  expect(server.process.stdout()).toContain('not exported: set OTEL_EXPORTER_OTLP_ENDPOINT');
});

test('the environment is checked at start', async () => {
  await expect(
    startServer({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    }),
  ).rejects.toThrow(/OTEL_EXPORTER_OTLP_PROTOCOL must be http\/json or http\/protobuf, got grpc/);
});
