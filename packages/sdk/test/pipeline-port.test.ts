import { connect } from 'node:net';
import { freePort, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseExposition } from './exposition-parse.ts';
import { type App, accepts, samplesOf, startApp, totalOf } from './pipeline-setup.ts';

describe('the metrics port', () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp();
    await app.get('/work/1');
  });
  afterAll(() => app?.stop());
  const ask = (path: string, init: RequestInit = {}) => fetch(app.metricsUrl + path, init);

  test.each([
    [undefined, 'text/plain;version=0.0.4;charset=utf-8'],
    ['*/*', 'text/plain;version=0.0.4;charset=utf-8'],
    ['text/html', 'text/plain;version=0.0.4;charset=utf-8'],
    [accepts.text, 'text/plain;version=0.0.4;charset=utf-8'],
    [accepts.openmetrics, 'application/openmetrics-text;version=1.0.0;charset=utf-8'],
    [accepts.protobuf, accepts.protobuf],
    [
      `${accepts.protobuf};q=0.4,${accepts.openmetrics};q=0.6,${accepts.text};q=0.5,*/*;q=0.1`,
      'application/openmetrics-text;version=1.0.0;charset=utf-8',
    ],
    [`${accepts.openmetrics};q=0,*/*`, 'text/plain;version=0.0.4;charset=utf-8'],
    [';;;garbage,,q=', 'text/plain;version=0.0.4;charset=utf-8'],
  ])('Accept: %s', async (accept, contentType) => {
    const response = await ask('/metrics', { headers: accept === undefined ? {} : { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('vary')).toBe('accept, accept-encoding');
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.includes('inference_request_duration_seconds')).toBe(true);
    if (contentType.startsWith('application/openmetrics')) {
      const text = parseExposition(body.toString());
      expect(text.hasEof).toBe(true);
      expect(samplesOf(text, 'inference_request_duration_seconds_created')).not.toEqual([]);
    }
  });

  test('other methods and paths are told what there is', async () => {
    const head = await ask('/metrics', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const response = await ask('/metrics', { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
    const unknown = await ask('/');
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      'there is no / here, only /metrics and /livez\n',
    ]);
    expect((await ask('/metrics?name[]=up')).status).toBe(200);
    expect((await ask('/livez')).status).toBe(200);
  });

  test('scrapes at the same time share a collection', async () => {
    const before = totalOf(await app.scrape(), 'app_collections') as number;
    const all = await Promise.all(Array.from({ length: 50 }, () => app.scrape()));
    for (const one of all) expect(totalOf(one, 'app_jobs_total')).toBe(1);
    const collections = new Set(all.map((one) => totalOf(one, 'app_collections')));
    // 50 requests do not come in the very same moment: a few collections, not 50.
    expect(collections.size).toBeLessThan(15);
    expect(Math.max(...(collections as Set<number>)) - before).toBeLessThan(16);
  });

  test('scrapers that hang up, and what is no HTTP, hurt nobody', async () => {
    const { hostname, port } = new URL(app.metricsUrl);
    const said = app.process.stderr();
    const talk = (text: string, hangUp: boolean): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(Number(port), hostname, () => {
          socket.write(text, () => {
            if (hangUp) socket.resetAndDestroy();
          });
        });
        socket.on('data', (part) => {
          answer += part;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(answer));
      });
    await Promise.all(
      Array.from({ length: 20 }, () => talk('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n', true)),
    );
    // Asks for more than the socket's buffer takes, reads nothing, and goes.
    await talk('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(50), true);
    expect(await talk('\0\x01\x02 garbage\r\n\r\n', false)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await talk(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`, false)).toMatch(/^HTTP\/1\.1 431 /);
    expect(totalOf(await app.scrape(), 'app_jobs_total')).toBe(1);
    expect((await app.get('/work/0')).status).toBe(200);
    expect(app.process.stderr()).toBe(said);
  });

  test('where the port is taken, it is said in a line and the app goes on', async () => {
    await using other = await startApp({
      env: { OTEL_EXPORTER_PROMETHEUS_PORT: new URL(app.metricsUrl).port },
    });
    await waitFor('the line', () => other.process.stderr().includes('metrics port not open'));
    expect(other.process.stderr()).toMatch(
      /^metrics port 127\.0\.0\.1:\d+ cannot be listened on: .*EADDRINUSE.*$/m,
    );
    expect((await other.get('/work/0')).status).toBe(200);
  });

  test('where metrics are not scraped, there is no port', async () => {
    const port = await freePort();
    await using other = await startApp({
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) },
    });
    expect((await other.get('/work/0')).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });
});

describe('10,000 series of ours', () => {
  const models = 300;
  const rounds = 20;
  let app: App;
  beforeAll(async () => {
    app = await startApp({ env: { INFEROMETER_LABEL_LIMIT: '5000' } });
    await app.post(`/series?models=${models}`);
  });
  afterAll(() => app?.stop());

  const ours = (text: { samples: readonly { name: string }[] }): number =>
    text.samples.filter(({ name }) => /^(inference|inferometer|http_server)_/.test(name)).length;
  const mainThread = async () =>
    (await (await app.get('/main-thread')).json()) as { maxMs: number; cpuMs: number };

  test('are answered by another thread than the main one', async () => {
    const text = await app.scrapeOf(models + 1);
    expect(ours(text)).toBeGreaterThan(10_000);
    // The request that made them is one more.
    expect(samplesOf(text, 'inference_request_duration_seconds_count')).toHaveLength(models + 1);
    expect(totalOf(text, 'inferometer_series_refused_total')).toBe(0);

    const times: number[] = [];
    const workerCpuMs = async (): Promise<number> =>
      (totalOf(await app.scrape(), 'inferometer_telemetry_cost_seconds_total', { thread: 'worker' }) ?? 0) *
      1000;
    const before = { worker: await workerCpuMs(), main: await mainThread() };
    for (let i = 0; i < rounds; i++) {
      const start = performance.now();
      await (await fetch(`${app.metricsUrl}/metrics`)).arrayBuffer();
      times.push(performance.now() - start);
    }
    const after = { main: await mainThread(), worker: await workerCpuMs() };
    const worker = after.worker - before.worker;
    const main = after.main.cpuMs - before.main.cpuMs;
    times.sort((a, b) => a - b);
    process.stdout.write(
      `scrape of ${ours(text)} samples: median ${times[rounds / 2]?.toFixed(1)} ms, slowest ${times.at(-1)?.toFixed(1)} ms; ` +
        `CPU a scrape ${(worker / rounds).toFixed(1)} ms in the worker, ${(main / rounds).toFixed(1)} ms on the main thread, ` +
        `whose loop was late by ${after.main.maxMs.toFixed(1)} ms at most\n`,
    );
    // The main thread reads instruments of the API, a few dozen, now and then.
    expect(main).toBeLessThan(worker / 4);
  });

  test('are all there while the main loop is blocked', async () => {
    await app.post('/block/1500');
    await waitFor(
      'the block',
      async () => totalOf(await app.scrape(), 'inference_eventloop_current_block_seconds'),
      {
        intervalMs: 10,
      },
    );
    const start = performance.now();
    const text = await app.scrape();
    const tookMs = performance.now() - start;
    expect(ours(text)).toBeGreaterThan(10_000);
    expect(totalOf(text, 'inference_eventloop_current_block_seconds')).toBeGreaterThan(0);
    expect(tookMs).toBeLessThan(1000);
  });
});
