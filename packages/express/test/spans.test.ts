import { fileURLToPath } from 'node:url';
import {
  type CollectedSpan,
  type Collector,
  describeWithParts,
  freePort,
  startCollector,
  startProcess,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const app = fileURLToPath(new URL('apps/traced.mjs', import.meta.url));
const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const headers = { traceparent: `00-${caller.traceId}-${caller.spanId}-01` };

describeWithParts('spans and metrics of an app, with the server traced too', ['otelcol'], () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await startCollector();
  });
  afterAll(() => collector?.stop());

  test.each(['express4', 'express'])('%s', async (version) => {
    const service = `app-on-${version}`;
    const metricsPort = await freePort();
    await using running = await startProcess({
      command: 'node',
      args: ['--import', '@inferometer/sdk/register', app, version],
      env: {
        ...withoutOwnSettings(),
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
        OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_SERVICE_NAME: service,
      },
      ready: { output: /^listening on (\d+)$/m },
    });
    const url = `http://127.0.0.1:${running.match?.[1]}`;
    const answer = await fetch(`${url}/tenants/acme/users/42`, { headers });
    expect(await answer.json()).toEqual({ id: '42' });
    expect((await fetch(`${url}/tenants/acme/users/43/broken`)).status).toBe(500);
    expect((await fetch(`${url}/no/such/path`)).status).toBe(404);

    const mine = (all: readonly CollectedSpan[]) =>
      all.filter(({ resource }) => resource['service.name'] === service);
    const named = (all: readonly CollectedSpan[], name: string) =>
      mine(all).find((span) => span.name === name);
    const route = '/tenants/:tenant/users/:id';
    const spans = await collector.waitForSpans(
      (all) =>
        named(all, `GET ${route}`) !== undefined &&
        named(all, `GET ${route}/broken`) !== undefined &&
        named(all, 'lookup') !== undefined,
    );

    const root = named(spans, `GET ${route}`) as CollectedSpan;
    expect(root).toMatchObject({
      kind: 'SERVER',
      traceId: caller.traceId,
      parentSpanId: caller.spanId,
      spanId: answer.headers.get('x-event-id'),
      attributes: {
        'http.request.method': 'GET',
        'http.route': route,
        'http.response.status_code': 200,
        'url.path': '/tenants/acme/users/42',
      },
    });
    const phases = mine(spans).filter((span) => span.parentSpanId === root.spanId);
    expect(phases.map((span) => span.name)).toEqual(
      expect.arrayContaining(['inference.admission', 'inference.preprocess', 'inference.run']),
    );
    const run = phases.find((span) => span.name === 'inference.run');
    expect(named(spans, 'lookup')).toMatchObject({ parentSpanId: run?.spanId, traceId: caller.traceId });
    expect(named(spans, `GET ${route}/broken`)).toMatchObject({
      attributes: { 'http.route': `${route}/broken`, 'http.response.status_code': 500, 'error.type': '500' },
      status: { code: 'ERROR' },
    });

    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const counted = metrics
      .split('\n')
      .filter((line) => line.startsWith('http_server_request_duration_count'))
      .map((line) => /http_route="([^"]*)"/.exec(line)?.[1] ?? '');
    expect(counted.sort()).toEqual(['', route, `${route}/broken`]);
    expect(metrics).not.toContain('acme');
    expect(metrics).not.toContain('/no/such/path');
  });
});
