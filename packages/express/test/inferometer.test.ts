import { installTelemetry, traceIncoming } from '@inferometer/core';
import {
  clientClosedRequest,
  goneSignal,
  inferometer,
  metricsHandler,
  traceOf,
  traceRequests,
} from '@inferometer/express';
import { propagation, trace as traceApi } from '@opentelemetry/api';
import type { NextFunction, Request, Response } from 'express';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { record, seen, serve, versions } from './serving.ts';

afterEach(() => installTelemetry(undefined));

describe.each(versions)('%s', (_version, express) => {
  const ok = (_request: Request, response: Response) => void response.send('ok');

  test('without telemetry it hands requests on and does nothing else', async () => {
    const app = express();
    app.use(inferometer());
    app.get('/', (request, response) => {
      response.json([traceOf(request) ?? null, goneSignal(request)?.aborted]);
    });
    const { url } = await serve(app);
    const response = await fetch(url);
    expect(await response.json()).toEqual([null, false]);
    expect([...response.headers.keys()].filter((name) => /timing|event|-time$/.test(name))).toEqual([]);
    expect((await fetch(`${url}/profiling`)).status).toBe(404);
  });

  test('telemetry that is installed later is used from then on', async () => {
    const app = express();
    app.use(inferometer());
    app.get('/', ok);
    const { url } = await serve(app);
    await (await fetch(url)).text();
    const { telemetry, records } = record();
    installTelemetry(telemetry);
    await (await fetch(url)).text();
    expect((await records(1)).map(seen)).toEqual(['GET / 200']);
    expect((await fetch(`${url}/profiling/summary`)).status).toBe(200);
  });

  test('a request that its server traces already keeps its trace', async () => {
    const { telemetry, records, inFlight } = record();
    const app = express();
    app.use(inferometer({ telemetry: record().telemetry, phase: 'admission' }));
    app.get('/:id', (request, response) => void response.send(traceOf(request)?.traceId));
    const { url } = await serve((request, response) => {
      traceIncoming(telemetry, request, response);
      app(request, response);
    });
    const response = await fetch(`${url}/5`);
    const [trace, ...more] = await records(1);
    expect(more).toEqual([]);
    expect(trace && seen(trace)).toBe('GET /:id 200');
    expect(await response.text()).toBe(trace?.trace.traceId);
    expect(response.headers.get('x-event-id')).toBe(trace?.trace.eventId);
    expect(trace?.totals.map(({ name, startUs }) => [name, startUs])[0]).toEqual(['admission', 0]);
    expect(inFlight()).toBe(0);
  });

  test('looks at /profiling, and paths that are ignored, leave no trace that their server has opened', async () => {
    const { telemetry, records, inFlight } = record();
    const app = express();
    app.use(inferometer({ telemetry, ignore: ['/livez'] }));
    app.get(['/livez', '/work'], ok);
    const { url } = await serve((request, response) => {
      traceIncoming(telemetry, request, response);
      app(request, response);
    });
    for (const path of ['/livez', '/profiling', '/profiling/traces', '/work']) {
      await (await fetch(url + path)).text();
    }
    expect((await records(1)).map(seen)).toEqual(['GET /livez,/work 200']);
    expect((await records(1))[0]?.fnName).toBe('/livez,/work');
    expect(telemetry.ring.size).toBe(1);
    expect(inFlight(), 'they are counted all the same').toBe(0);
  });

  test('ignore: paths with all below them, or a function', async () => {
    const traced = async (ignore: Parameters<typeof inferometer>[0]) => {
      const { telemetry } = record();
      const app = express();
      app.use(inferometer({ telemetry, ...ignore }));
      app.use((request: Request, response: Response) => void response.json(traceOf(request) !== undefined));
      const { url } = await serve(app);
      const paths = ['/health', '/health/deep?x=1', '/healthy', '/'];
      return Promise.all(paths.map(async (path) => (await fetch(url + path)).json()));
    };
    expect(await traced({})).toEqual([true, true, true, true]);
    expect(await traced({ ignore: ['/health'] })).toEqual([false, false, true, true]);
    expect(await traced({ ignore: (request) => request.url === '/' })).toEqual([true, true, true, false]);
  });

  test('phase, tenant and session are recorded', async () => {
    const { telemetry, records } = record();
    const app = express();
    app.use(inferometer({ telemetry, phase: 'admission' }));
    app.get('/', (request, response) => {
      traceOf(request)?.enter('run');
      response.end();
    });
    const { url } = await serve(app);
    const headers = { 'x-tenant-id': 'acme'.repeat(50), 'x-session-hash': 'abc' };
    await (await fetch(url, { headers })).text();
    await (await fetch(url)).text();
    const [named, plain] = await records(2);
    expect(named?.totals.map(({ name }) => name)).toEqual(['admission', 'run', 'unattributed']);
    expect([named?.tenant, named?.sessionHash]).toEqual(['acme'.repeat(16), 'abc']);
    expect([plain?.tenant, plain?.sessionHash]).toEqual([undefined, undefined]);
    const sum = named?.totals.reduce((all, { durationUs }) => all + durationUs, 0);
    expect(sum).toBe(named?.totalUs);
  });

  test('a trace goes on from the caller’s', async () => {
    const { telemetry, records } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    app.get('/', ok);
    const { url } = await serve(app);
    const traceId = 'a'.repeat(32);
    propagation.setGlobalPropagator({
      inject() {},
      fields: () => ['x-caller'],
      extract: (context, carrier, getter) =>
        traceApi.setSpanContext(context, {
          traceId: String(getter.get(carrier, 'x-caller')),
          spanId: 'b'.repeat(16),
          traceFlags: 1,
        }),
    });
    onTestFinished(() => propagation.disable());
    await fetch(url, { headers: { 'x-caller': traceId } });
    expect((await records(1))[0]?.trace.traceId).toBe(traceId);
  });

  test('metrics are answered in the format that was asked for, and a failure is told', async () => {
    const app = express();
    app.get(
      '/metrics',
      metricsHandler(async (accept) => ({ contentType: 'text/plain; version=0.0.4', body: `# ${accept}\n` })),
    );
    app.get(
      '/broken',
      metricsHandler(() => Promise.reject(new Error('on purpose'))),
    );
    const { url } = await serve(app);
    const metrics = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain' } });
    expect([metrics.headers.get('content-type'), await metrics.text()]).toEqual([
      'text/plain; version=0.0.4',
      '# text/plain\n',
    ]);
    const broken = await fetch(`${url}/broken`);
    expect([broken.status, await broken.text()]).toEqual([500, 'collecting metrics failed: on purpose\n']);
  });

  test('the handlers fit wherever Express takes one', async () => {
    const { telemetry, records } = record();
    const app = express();
    const router = express.Router();
    app.use(['/a', '/b'], inferometer({ telemetry }), (_request, _response, next: NextFunction) => next());
    router.get('/c', traceRequests({ telemetry }), ok);
    app.use(router);
    app.get('/a', ok);
    const { url } = await serve(app);
    for (const path of ['/a', '/c']) await (await fetch(url + path)).text();
    expect((await records(2)).map(seen)).toEqual(['GET /a 200', 'GET /c 200']);
  });
});

test('what cannot be followed is said when it is made', () => {
  expect(() => inferometer({ ignore: ['health'] })).toThrow(
    'ignore must hold paths that begin with a slash, got health',
  );
  for (const path of ['profiling', '/', '/profiling/']) {
    expect(() => inferometer({ profiling: { path } })).toThrow(
      `profiling.path must begin with a slash and not end with one, got ${path}`,
    );
  }
  expect(clientClosedRequest).toBe(499);
});
