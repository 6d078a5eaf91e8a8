import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { inferometer, timingHeaders, traceOf, traceRequests } from '@inferometer/express';
import type { Express, NextFunction, Request, Response } from 'express';
import { describe, expect, test } from 'vitest';
import { connectRaw, record, serve, versions } from './serving.ts';

/** `queue;dur=1.5, total;dur=2` as an object. */
function timingsOf(headers: Headers): Record<string, number> {
  const parts = (headers.get('server-timing') ?? '').split(', ').filter(Boolean);
  return Object.fromEntries(
    parts.map((part) => {
      expect(part).toMatch(/^[\w.-]+;dur=\d+(\.\d{1,3})?$/);
      const [name, value] = part.split(';dur=') as [string, string];
      return [name, Number(value)];
    }),
  );
}

describe.each(versions)('%s', (_version, express) => {
  async function answerOf(build: (app: Express) => void, path = '/', init: RequestInit = {}) {
    const { telemetry, records } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    build(app);
    app.set('env', 'test');
    const { url } = await serve(app);
    const response = await fetch(url + path, init);
    return { response, headers: response.headers, body: await response.text(), records };
  }

  const inPhases = async (request: Request): Promise<void> => {
    const trace = traceOf(request);
    for (const phase of ['queue', 'run', 'my phase, (very) odd']) {
      trace?.enter(phase);
      await sleep(3);
    }
    trace?.leave();
  };

  /** All that an answer carries whose head has just been written. */
  const expectTimings = (headers: Headers): void => {
    const timings = timingsOf(headers);
    const { total = Number.NaN, ...phases } = timings;
    const sum = Object.values(phases).reduce((all, one) => all + one, 0);
    expect(Math.abs(sum - total), 'the phases add up to the total').toBeLessThan(0.0005);
    expect(headers.get('x-total-time')).toBe(String(total));
    expect(headers.get('x-queue-time')).toBe(String(timings.queue ?? 0));
    expect(headers.get('x-inference-time')).toBe(String(timings.run ?? 0));
    expect(headers.get('x-event-id')).toMatch(/^[0-9a-f]{16}$/);
  };

  test('an answer tells the time in each phase until its head', async () => {
    const { headers, records } = await answerOf((app) =>
      app.get('/', async (request, response) => {
        await inPhases(request);
        response.json({});
      }),
    );
    expectTimings(headers);
    const timings = timingsOf(headers);
    expect(Object.keys(timings)).toEqual(
      expect.arrayContaining(['queue', 'run', 'my_phase___very__odd', 'total']),
    );
    const [trace] = await records(1);
    expect(trace?.trace.eventId).toBe(headers.get('x-event-id'));
    const queue = trace?.totals.find((total) => total.name === 'queue');
    expect(queue?.durationUs).toBe(Math.round((timings.queue as number) * 1000));
    expect(trace?.totalUs).toBeGreaterThanOrEqual(Math.round((timings.total as number) * 1000));
  });

  const ways: [name: string, answer: (response: Response) => unknown, status: number, reason?: string][] = [
    ['end without a head', (response) => response.end('x'), 200],
    ['writeHead(status)', (response) => response.writeHead(201).end('x'), 201],
    ['writeHead(status, reason)', (response) => response.writeHead(202, 'Fine').end('x'), 202, 'Fine'],
    ['writeHead(status, headers)', (response) => response.writeHead(203, { 'x-own': 'a' }).end('x'), 203],
    [
      'writeHead(status, reason, headers)',
      (response) => response.writeHead(203, 'So', { 'x-own': 'a' }).end('x'),
      203,
      'So',
    ],
    [
      'writeHead(status, list)',
      (response) =>
        response.writeHead(200, ['x-own', 'a', 'set-cookie', 'a=1', 'set-cookie', 'b=2']).end('x'),
      200,
    ],
    [
      'writeHead(status, pairs)',
      (response) =>
        response
          .writeHead(200, [
            ['x-own', 'a'],
            ['set-cookie', 'a=1'],
          ] as never)
          .end('x'),
      200,
    ],
    ['writeHead(status, undefined)', (response) => response.writeHead(200, undefined).end('x'), 200],
    [
      'flushHeaders',
      (response) => {
        response.flushHeaders();
        response.end('x');
      },
      200,
    ],
    [
      'write',
      (response) => {
        response.write('a');
        response.end('x');
      },
      200,
    ],
    ['204', (response) => response.status(204).end(), 204],
    ['304', (response) => response.status(304).end(), 304],
    ['redirect', (response) => response.redirect(302, '/elsewhere'), 302],
    ['sendFile', (response) => response.sendFile(fileURLToPath(import.meta.url)), 200],
    ['send', (response) => response.status(418).send('short'), 418],
  ];
  test.each(ways)('%s', async (_name, answer, status, reason) => {
    const { response, headers } = await answerOf(
      (app) => app.get('/', (_request, response) => void answer(response)),
      '/',
      { redirect: 'manual' },
    );
    expect(response.status).toBe(status);
    if (reason) expect(response.statusText).toBe(reason);
    expectTimings(headers);
    if (_name.includes('headers') && _name.startsWith('writeHead')) expect(headers.get('x-own')).toBe('a');
    if (_name.includes('list')) expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    if (_name.includes('pairs'))
      expect([headers.get('x-own'), ...headers.getSetCookie()]).toEqual(['a', 'a=1']);
  });

  test('what Express answers itself: an error, and a path that there is nothing at', async () => {
    const failed = await answerOf((app) =>
      app.get('/', () => {
        throw new Error('on purpose');
      }),
    );
    expect(failed.response.status).toBe(500);
    expectTimings(failed.headers);
    const missing = await answerOf(() => {}, '/nothing');
    expect(missing.response.status).toBe(404);
    expectTimings(missing.headers);
  });

  test('HEAD and a conditional request', async () => {
    const build = (app: Express) => app.get('/', (_request, response) => void response.send('hello'));
    const head = await answerOf(build, '/', { method: 'HEAD' });
    expect([head.response.status, head.body]).toEqual([200, '']);
    expectTimings(head.headers);
    const etag = head.headers.get('etag') as string;
    const known = await answerOf(build, '/', {
      // Else fetch would ask for a fresh one.
      headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
    });
    expect(known.response.status).toBe(304);
    expectTimings(known.headers);
  });

  test('a middleware that compresses by wrapping writeHead, write and end, as compression does', async () => {
    const compress = (_request: Request, response: Response, next: NextFunction): void => {
      const { writeHead, write, end } = response;
      const gzip = createGzip();
      response.writeHead = function (this: Response, ...args: unknown[]) {
        this.setHeader('content-encoding', 'gzip');
        this.removeHeader('content-length');
        return writeHead.apply(this, args as never);
      } as never;
      response.write = ((chunk: Buffer) => gzip.write(chunk)) as never;
      response.end = ((chunk: Buffer) => {
        response.writeHead(response.statusCode);
        gzip.end(chunk);
        return response;
      }) as never;
      gzip.on('data', (chunk) => write.call(response, chunk, 'utf8'));
      gzip.on('end', () => end.call(response, undefined, 'utf8'));
      next();
    };
    for (const order of ['before', 'after']) {
      const { telemetry, records } = record();
      const app = express();
      const ours = inferometer({ telemetry });
      for (const one of order === 'before' ? [compress, ours] : [ours, compress]) app.use(one);
      app.get('/', (_request, response) => void response.send('hello '.repeat(1000)));
      const { url } = await serve(app);
      const response = await fetch(url);
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(await response.text()).toBe('hello '.repeat(1000));
      expectTimings(response.headers);
      expect((await records(1))[0]?.status).toBe(200);
    }
  });

  test('a head written twice is refused as ever, and one that was refused can be written again', async () => {
    const seen: unknown[] = [];
    const { response, headers } = await answerOf((app) =>
      app.get('/', (_request, response) => {
        for (const status of [99, 200, 201]) {
          try {
            response.writeHead(status);
          } catch (error) {
            seen.push((error as NodeJS.ErrnoException).code);
          }
        }
        response.end();
      }),
    );
    expect(seen).toEqual(['ERR_HTTP_INVALID_STATUS_CODE', 'ERR_HTTP_HEADERS_SENT']);
    expect(response.status).toBe(200);
    expectTimings(headers);
  });

  test('the app’s own Server-Timing stays', async () => {
    const { headers } = await answerOf((app) =>
      app.get('/', (_request, response) => {
        response.setHeader('Server-Timing', 'db;dur=53.2');
        response.end();
      }),
    );
    expect(headers.get('server-timing')).toMatch(/^db;dur=53\.2, unattributed;dur=[\d.]+, total;dur=[\d.]+$/);
  });

  test('of very many phases some are told as one', async () => {
    const { headers } = await answerOf((app) =>
      app.get('/', async (request, response) => {
        for (let i = 0; i < 40; i++) {
          traceOf(request)?.enter(`step-${i}-${'x'.repeat(100)}`);
          const until = performance.now() + 0.05;
          while (performance.now() < until);
        }
        response.end();
      }),
    );
    const timings = timingsOf(headers);
    expect(timings.other).toBeGreaterThan(0);
    expect(headers.get('server-timing')?.length).toBeLessThan(2048);
    expectTimings(headers);
  });

  test('a streamed answer tells the time until its head alone', async () => {
    const { headers, records } = await answerOf((app) =>
      app.get('/', async (request, response) => {
        traceOf(request)?.enter('run');
        await sleep(5);
        response.write('a');
        await sleep(40);
        response.end('b');
      }),
    );
    expectTimings(headers);
    const [trace] = await records(1);
    const head = Number(headers.get('x-total-time')) * 1000;
    expect((trace?.totalUs ?? 0) - head).toBeGreaterThan(30_000);
  });

  test('timingHeaders: false leaves x-event-id alone', async () => {
    const { telemetry } = record();
    const app = express();
    app.use(inferometer({ telemetry, timingHeaders: false }));
    app.get('/', (_request, response) => void response.end());
    const { url } = await serve(app);
    const { headers } = await fetch(url);
    expect(headers.get('x-event-id')).toMatch(/^[0-9a-f]{16}$/);
    expect([...headers.keys()].filter((name) => /timing|-time$/.test(name))).toEqual([]);
  });

  test('composed by hand, and twice over, it is the same', async () => {
    const { telemetry, records } = record();
    const app = express();
    app.use(traceRequests({ telemetry }), timingHeaders(), inferometer({ telemetry }), timingHeaders());
    app.get('/', (_request, response) => void response.end('x'));
    const { url } = await serve(app);
    expectTimings((await fetch(url)).headers);
    expect(await records(1)).toHaveLength(1);
  });

  test('a client that asks to continue, and early hints, come before the head', async () => {
    const { telemetry } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    app.post('/', express.text(), (request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' });
      response.send(request.body);
    });
    const { port } = await serve(app);
    const raw = await connectRaw(port);
    raw.socket.write(
      'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n',
    );
    await raw.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    raw.socket.write('hi');
    await raw.until(/hi$/);
    const [, hints, head] = raw.text().split(/(?=HTTP\/1\.1 )/);
    expect(hints).toMatch(/^HTTP\/1.1 103 /);
    expect(hints).not.toMatch(/server-timing/i);
    expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*server-timing: /i);
  });
});
