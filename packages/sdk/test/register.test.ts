import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type CollectedSpan,
  type Collector,
  describeWithParts,
  freePort,
  runProgram,
  startCollector,
  startProcess,
  startRedis,
  tempDir,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const app = (name: string) => fileURLToPath(new URL(`apps/${name}`, import.meta.url));
const register = '@inferometer/sdk/register';

/** Telemetry to a Collector, with spans that leave at once. */
const sending = (collector: Collector): Record<string, string | undefined> => ({
  ...withoutOwnSettings(),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_SERVICE_NAME: 'fixture',
});

const node = (args: readonly string[], env: Record<string, string | undefined>) =>
  startProcess({ command: 'node', args, env, ready: { output: /^(ready|listening on (\d+))$/m } });

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const traceId = traceparent.split('-')[1];

describeWithParts('node --import @inferometer/sdk/register', ['otelcol'], () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await startCollector();
  });
  afterAll(() => collector.stop());

  describe.each([
    ['ESM, Express 5', 'express5.mjs', '--import'],
    ['CommonJS, Express 5', 'express5.cjs', '--import'],
    ['CommonJS, Express 5, by --require', 'express5.cjs', '--require'],
    ['TypeScript, Express 5', 'express5.ts', '--import'],
    ['ESM, Express 4', 'express4.mjs', '--import'],
    ['CommonJS, Express 4', 'express4.cjs', '--import'],
  ])('%s', (_what, file, flag) => {
    test('gets spans and log correlation without a change of code', async () => {
      const service = `${file}-${flag.slice(2)}`;
      await using running = await node([flag, register, app(file)], {
        ...sending(collector),
        OTEL_SERVICE_NAME: service,
      });
      const url = `http://127.0.0.1:${running.match?.[2]}`;
      const response = await fetch(`${url}/hello/ada`, { headers: { traceparent } });
      expect(await response.json()).toEqual({ hello: 'ada', upstream: 'deep' });
      expect((await fetch(`${url}/fails`)).status).toBe(500);

      const mine = (spans: readonly CollectedSpan[]) =>
        spans.filter(({ resource }) => resource['service.name'] === service);
      const named = (spans: readonly CollectedSpan[], name: string) =>
        mine(spans).find((span) => span.name === name);
      const spans = await collector.waitForSpans(
        (all) =>
          named(all, 'GET /hello/:name') !== undefined &&
          named(all, 'GET /fails') !== undefined &&
          mine(all).some(({ kind, traceId: id }) => kind === 'CLIENT' && id === traceId),
      );

      const root = named(spans, 'GET /hello/:name');
      expect(root).toMatchObject({
        kind: 'SERVER',
        traceId,
        parentSpanId: traceparent.split('-')[2],
        attributes: {
          'http.route': '/hello/:name',
          'http.request.method': 'GET',
          'http.response.status_code': 200,
          'url.path': '/hello/ada',
        },
        resource: { 'telemetry.distro.name': 'inferometer', 'service.name': service },
      });
      const client = mine(spans).find(({ kind, traceId: id }) => kind === 'CLIENT' && id === traceId);
      expect(client?.parentSpanId).toBe(root?.spanId);
      // The context goes on to the next service.
      const upstream = await collector.waitForSpans((all) =>
        mine(all).some((span) => span.parentSpanId === client?.spanId),
      );
      expect(mine(upstream).find((span) => span.parentSpanId === client?.spanId)).toMatchObject({
        kind: 'SERVER',
        traceId,
      });
      expect(named(spans, 'GET /fails')).toMatchObject({
        attributes: { 'http.response.status_code': 500 },
        status: { code: 'ERROR' },
      });

      const line = running
        .stdout()
        .split('\n')
        .find((text) => text.includes('greeting'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({
        msg: 'greeting',
        trace_id: traceId,
        span_id: root?.spanId,
        trace_flags: '01',
      });
      expect(running.stderr()).toMatch(
        new RegExp(
          `^inferometer \\d+\\.\\d+\\.\\d+: traces → http/json ${collector.url}/v1/traces, metrics http://127.0.0.1:\\d+/metrics, instrumentations http, express,`,
          'm',
        ),
      );
    });
  });

  test('twice is once', async () => {
    await using running = await node(
      ['--import', register, '--import', `${register}`, '--require', register, app('express5.mjs')],
      { ...sending(collector), OTEL_SERVICE_NAME: 'twice' },
    );
    await fetch(`http://127.0.0.1:${running.match?.[2]}/hello/bob`);
    const spans = await collector.waitForSpans((all) =>
      all.some((span) => span.resource['service.name'] === 'twice' && span.name === 'GET /hello/:name'),
    );
    expect(
      spans.filter((span) => span.resource['service.name'] === 'twice' && span.name === 'GET /hello/:name'),
    ).toHaveLength(1);
    expect(running.stderr().match(/^inferometer \d/gm)).toHaveLength(1);
  });
});

describeWithParts('modules', ['otelcol', 'redis-server'], () => {
  // Node before 22.22.3 and 24.11.1 has no synchronous hooks that import-in-the-middle can use.
  const olderNode =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'22.16.0'}})";

  test.each([
    ['by import', 'modules.mjs', []],
    ['by import with asynchronous hooks', 'modules.mjs', ['--import', olderNode]],
    ['by require', 'modules.cjs', []],
  ])('%s are instrumented, and each can be turned off', async (_what, file, before) => {
    await using collector = await startCollector();
    await using redis = await startRedis();
    const args = [...before, '--import', register, app(file), redis.url, String(await freePort())];
    {
      await using running = await node(args, sending(collector));
      const spans = await collector.waitForSpans((all) =>
        ['work', 'set', 'pg.connect'].every((name) => all.some((span) => span.name === name)),
      );
      const work = spans.find(({ name }) => name === 'work');
      for (const name of ['set', 'pg.connect']) {
        expect(spans.find((span) => span.name === name)).toMatchObject({
          kind: 'CLIENT',
          traceId: work?.traceId,
          parentSpanId: work?.spanId,
        });
      }
      const lines = running.stdout().split('\n');
      expect(JSON.parse(lines.find((line) => line.includes('"inside"')) ?? '{}')).toMatchObject({
        trace_id: work?.traceId,
        span_id: work?.spanId,
      });
      expect(lines.find((line) => line.includes('"outside"'))).not.toContain('trace_id');
      const [, metricsUrl = ''] = await running.waitForOutput(/metrics (http:\S+),/);
      expect(await (await fetch(metricsUrl)).text()).toMatch(/^app_jobs_total 3$/m);
    }
    await using off = await node(args, {
      ...sending(collector),
      OTEL_SERVICE_NAME: 'off',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pino,ioredis,pg',
    });
    const spans = await collector.waitForSpans((all) =>
      all.some(({ resource, name }) => resource['service.name'] === 'off' && name === 'work'),
    );
    expect(
      spans.filter(({ resource }) => resource['service.name'] === 'off').map(({ name }) => name),
    ).toEqual(['work']);
    expect(off.stdout()).toContain('"inside"');
    expect(off.stdout()).not.toContain('trace_id');
  });
});

describe('an application without telemetry', () => {
  const run = (env: Record<string, string>, args: readonly string[] = ['--import', register]) =>
    runProgram('node', [...args, app('loaded.mjs')], {
      env: { ...withoutOwnSettings(), OTEL_EXPORTER_PROMETHEUS_PORT: '0', ...env },
    });
  const said = (stdout: string) =>
    Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ where, ...rest }) => [where, rest]),
    );

  test.each([{ INFEROMETER_ENABLED: 'false' }, { OTEL_SDK_DISABLED: 'true' }])(
    '%j loads nothing',
    async (env) => {
      const off = await run(env);
      expect(off).toMatchObject({ code: 0, stderr: '' });
      expect(said(off.stdout)).toEqual({
        main: { hooked: false, loaded: 0 },
        worker: { hooked: false, loaded: 0 },
      });
    },
  );

  test('a worker thread of it gets nothing, by an inherited --import', async () => {
    const on = await run({});
    expect(on.code).toBe(0);
    const { main, worker } = said(on.stdout);
    expect(main.hooked).toBe(true);
    expect(main.loaded).toBeGreaterThan(0);
    expect(worker).toEqual({ hooked: false, loaded: 0 });
  });

  test('a variable that cannot be followed is one line, and the application goes on', async () => {
    const bad = await run({ OTEL_TRACES_SAMPLER: 'sometimes' });
    expect(bad.code).toBe(0);
    expect(said(bad.stdout).main.hooked).toBe(false);
    expect(bad.stderr).toMatch(
      /^inferometer: OTEL_TRACES_SAMPLER must be .*, got sometimes; the application runs without telemetry\n$/,
    );
    const strict = await run({ OTEL_TRACES_SAMPLER: 'sometimes', INFEROMETER_STRICT: '1' });
    expect(strict).toMatchObject({ code: 2, stdout: '' });
    expect(strict.stderr).toMatch(/^inferometer: OTEL_TRACES_SAMPLER must be .*, got sometimes\n$/);
  });

  test('a component of a configuration file that is not here is one line too', async () => {
    await using dir = await tempDir('register');
    const file = dir.file('otel.yaml');
    await writeFile(
      file,
      'file_format: "1.0"\ntracer_provider: { processors: [{ batch: { exporter: { otlp_grpc: } } }] }\n',
    );
    const bad = await run({ OTEL_CONFIG_FILE: file });
    expect(bad.code).toBe(0);
    expect(bad.stderr).toMatch(
      /^inferometer: OTEL_CONFIG_FILE .*: tracer_provider\.processors\[0\]\.batch\.exporter\.otlp_grpc is not here: .*\n$/,
    );
  });

  test('INFEROMETER_QUIET leaves the start-up line out', async () => {
    expect(await run({ INFEROMETER_QUIET: '1' })).toMatchObject({ code: 0, stderr: '' });
    expect((await run({})).stderr).toMatch(
      /^inferometer \d+\.\d+\.\d+: traces not exported, metrics http:\/\//,
    );
  });
});
