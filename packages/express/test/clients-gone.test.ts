import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { goneSignal, inferometer, traceOf } from '@inferometer/express';
import type { Request, RequestHandler, Response } from 'express';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connectRaw, type RawConnection, type Recording, record, seen, serve, versions } from './serving.ts';

const gone = '499 client_disconnected';

describe.each(versions)('%s', (_version, express) => {
  interface Started extends Recording {
    readonly port: number;
    /** The last request that a handler has been given. */
    request(): Promise<Request>;
    connect(): Promise<RawConnection>;
  }

  async function start(handler: RequestHandler, path = '/work/:id'): Promise<Started> {
    const recording = record();
    const app = express();
    app.set('env', 'test');
    app.use(inferometer({ telemetry: recording.telemetry }));
    let last: Request | undefined;
    app.all(path, (request, response, next) => {
      last = request;
      return handler(request, response, next);
    });
    const { port } = await serve(app);
    return {
      ...recording,
      port,
      connect: () => connectRaw(port),
      request: () =>
        vi.waitFor(() => {
          if (!last) throw new Error('no request has come yet');
          return last;
        }),
    };
  }

  const get = (path = '/work/1') => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
  const leaving: [how: string, leave: (raw: RawConnection) => void][] = [
    ['closes its connection', ({ socket }) => void socket.destroy()],
    ['resets it', ({ socket }) => void socket.resetAndDestroy()],
    ['closes its half', ({ socket }) => void socket.end()],
  ];

  describe.each(leaving)('a client that %s', (_how, leave) => {
    const ended = async (started: Started, count = 1): Promise<string[]> => {
      const all = (await started.records(count)).map(seen);
      expect(started.inFlight()).toBe(0);
      return all;
    };

    test('while it waits for an answer', async () => {
      const started = await start((request) => void traceOf(request)?.enter('queue'));
      const raw = await started.connect();
      raw.socket.write(get());
      const signal = goneSignal(await started.request());
      expect(signal?.aborted).toBe(false);
      leave(raw);
      expect(await ended(started)).toEqual([`GET /work/:id ${gone}`]);
      expect(signal?.aborted).toBe(true);
      const [record] = await started.records(1);
      expect(record?.totals.map(({ name }) => name)).toEqual(['queue', 'unattributed']);
    });

    test('also where nothing is traced, and not when the answer is complete', async () => {
      const signals: (AbortSignal | undefined)[] = [];
      const app = express();
      app.get('/:what', (request: Request, response: Response) => {
        signals.push(goneSignal(request));
        expect(goneSignal(request)).toBe(signals.at(-1));
        if (request.params.what === 'all') response.send('all');
      });
      const { port } = await serve(app);
      const raw = await connectRaw(port);
      raw.socket.write(get('/all'));
      await raw.until(/all$/);
      raw.socket.write(get('/none'));
      await vi.waitFor(() => expect(signals).toHaveLength(2));
      expect(signals.map((signal) => signal?.aborted)).toEqual([false, false]);
      leave(raw);
      await vi.waitFor(() => expect(signals.map((signal) => signal?.aborted)).toEqual([false, true]));
    });

    test.each([
      ['of a length', 'content-length: 100\r\n\r\nabc'],
      ['in chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ])('before its body %s is complete', async (_what, head) => {
      const started = await start((request, response, next) => {
        express.text({ type: () => true })(request, response, next);
      });
      const raw = await started.connect();
      raw.socket.write(`POST /work/1 HTTP/1.1\r\nhost: a\r\n${head}`);
      await started.request();
      leave(raw);
      expect(await ended(started)).toEqual([`POST /work/:id ${gone}`]);
    });

    test('in the middle of a stream', async () => {
      const started = await start(async (request, response) => {
        const signal = goneSignal(request);
        while (!signal?.aborted) {
          traceOf(request)?.wroteOutput();
          response.write('token '.repeat(100));
          await sleep(2);
        }
      });
      const raw = await started.connect();
      raw.socket.write(get());
      await raw.until(/token token/);
      leave(raw);
      expect(await ended(started)).toEqual([`GET /work/:id ${gone}`]);
    });

    test('after the head', async () => {
      const started = await start((_request, response) => response.flushHeaders());
      const raw = await started.connect();
      raw.socket.write(get());
      await raw.until(/\r\n\r\n/);
      leave(raw);
      expect(await ended(started)).toEqual([`GET /work/:id ${gone}`]);
    });

    test('in the second request of a connection that is kept alive', async () => {
      const started = await start((request, response) => {
        if (request.params.id === '1') response.send('one');
      });
      const raw = await started.connect();
      raw.socket.write(get('/work/1'));
      await raw.until(/one$/);
      raw.socket.write(get('/work/2'));
      await vi.waitFor(() => expect(started.inFlight()).toBe(1));
      leave(raw);
      expect(await ended(started, 2)).toEqual(['GET /work/:id 200', `GET /work/:id ${gone}`]);
    });

    test('with requests behind each other on one connection', async () => {
      const started = await start(() => {});
      const raw = await started.connect();
      raw.socket.write(get('/work/1') + get('/work/2') + get('/work/3'));
      await vi.waitFor(() => expect(started.inFlight()).toBe(3));
      leave(raw);
      expect(await ended(started, 3)).toEqual(Array(3).fill(`GET /work/:id ${gone}`));
    });

    test('when the handler throws after it has left', async () => {
      const started = await start(async (request, _response, next) => {
        await new Promise((resolve) => goneSignal(request)?.addEventListener('abort', resolve));
        next(new Error('on purpose'));
      });
      const raw = await started.connect();
      raw.socket.write(get());
      await started.request();
      leave(raw);
      expect(await ended(started)).toEqual([`GET /work/:id ${gone}`]);
    });
  });

  test('a client that reads slowly and leaves before it has it all', async () => {
    const started = await start((_request, response) => void response.end(Buffer.alloc(64 * 1024 * 1024)));
    const raw = await started.connect();
    raw.socket.pause();
    raw.socket.write(get());
    await started.request();
    await sleep(50);
    raw.socket.destroy();
    expect((await started.records(1)).map(seen)).toEqual([`GET /work/:id ${gone}`]);
  });

  test('a client that reads slowly and has it all is no loss', async () => {
    const started = await start((_request, response) => void response.end(Buffer.alloc(8 * 1024 * 1024)));
    const raw = await started.connect();
    raw.socket.pause();
    raw.socket.write(get());
    await started.request();
    await sleep(50);
    expect(started.inFlight()).toBe(1);
    raw.socket.resume();
    expect((await started.records(1)).map(seen)).toEqual(['GET /work/:id 200']);
  });

  test('a client that leaves once it has its answer is no loss', async () => {
    const started = await start((_request, response) => void response.send('all'));
    const raw = await started.connect();
    raw.socket.write(get());
    await raw.until(/all$/);
    raw.socket.resetAndDestroy();
    expect((await started.records(1)).map(seen)).toEqual(['GET /work/:id 200']);
    expect(goneSignal(await started.request())?.aborted).toBe(false);
  });

  test('the signal aborts once, also for who asks late', async () => {
    let aborts = 0;
    const started = await start((request) => {
      goneSignal(request)?.addEventListener('abort', () => aborts++);
    });
    const raw = await started.connect();
    raw.socket.write(get() + get());
    const request = await started.request();
    await vi.waitFor(() => expect(started.inFlight()).toBe(2));
    raw.socket.destroy();
    await started.records(2);
    await sleep(20);
    expect(aborts).toBe(2);
    expect(goneSignal(request)?.aborted).toBe(true);
    expect(goneSignal(request)).toBe(goneSignal(request));
  });

  describe('an answer that the server gives up while the client is there', () => {
    const statuses = async (handler: RequestHandler, sent = get()): Promise<string[]> => {
      const started = await start(handler);
      const raw = await started.connect();
      raw.socket.write(sent);
      const all = (await started.records(1)).map(seen);
      expect(goneSignal(await started.request())?.aborted).toBe(true);
      return all;
    };
    const destroyed = ['GET /work/:id 500 response_destroyed'];
    /** As an upstream's connection that was lost. */
    const upstream = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

    test.each<[string, (request: Request, response: Response) => void]>([
      ['response.destroy()', (_request, response) => void response.destroy()],
      ['response.destroy(error)', (_request, response) => void response.destroy(new Error('on purpose'))],
      [
        'response.destroy(an error of another connection)',
        (_request, response) => void response.destroy(upstream()),
      ],
      ['request.destroy()', (request) => void request.destroy()],
      ['request.socket.destroy()', (request) => void request.socket.destroy()],
    ])('%s', async (_name, destroy) => {
      const before = (request: Request, response: Response) => {
        response.on('error', () => {});
        request.on('error', () => {});
        destroy(request, response);
      };
      expect(await statuses(before)).toEqual(destroyed);
      expect(
        await statuses((request, response) => {
          response.write('the first part');
          setTimeout(before, 10, request, response);
        }),
      ).toEqual(destroyed);
    });

    test('an error after the head, for which Express cuts the connection', async () => {
      expect(
        await statuses((_request, response, next) => {
          response.write('the first part');
          setTimeout(() => next(new Error('on purpose')), 10);
        }),
      ).toEqual(destroyed);
    });

    test('a source that fails in a pipeline', async () => {
      expect(
        await statuses((_request, response) => {
          async function* source() {
            yield 'the first part';
            await sleep(10);
            throw upstream();
          }
          pipeline(source, response, () => {});
        }),
      ).toEqual(destroyed);
    });

    test('keeps the status and the type of error that were said before', async () => {
      expect(
        await statuses((request, response) => {
          const trace = traceOf(request);
          if (trace) trace.errorType = 'upstream_failed';
          response.status(503).write('sorry');
          setTimeout(() => response.destroy(), 10);
        }),
      ).toEqual(['GET /work/:id 503 upstream_failed']);
    });

    test('a server that closes all its connections', async () => {
      const { telemetry, records } = record();
      const app = express();
      app.use(inferometer({ telemetry }));
      app.get('/', () => {});
      const { port, server } = await serve(app);
      const raw = await connectRaw(port);
      raw.socket.write(get('/'));
      await sleep(50);
      server.closeAllConnections();
      expect((await records(1)).map(seen)).toEqual(['GET / 500 response_destroyed']);
    });
  });

  test('a body that is no HTTP, and one that takes too long, have the status that Node answers', async () => {
    const { telemetry, records } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    app.post('/', (request) => void request.on('error', () => {}).resume());
    const { port } = await serve(app, {
      requestTimeout: 100,
      headersTimeout: 100,
      connectionsCheckingInterval: 20,
    });
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n';
    const bad = await connectRaw(port);
    bad.socket.write(`${head}zz\r\n`);
    await bad.until(/^HTTP\/1.1 400 /);
    const slow = await connectRaw(port);
    slow.socket.write(head);
    await slow.until(/^HTTP\/1.1 408 /);
    expect((await records(2)).map(seen)).toEqual(['POST / 400 invalid_http', 'POST / 408 request_timeout']);
  });
});

describe('over TLS', () => {
  const psk = Buffer.alloc(32, 7);
  // A shared key needs no certificate.
  const common = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

  test.each<[string, (client: TLSSocket, response: ServerResponse) => void, string]>([
    ['the client closes', (client) => void client.destroy(), gone],
    ['the client ends', (client) => void client.end(), gone],
    ['the server destroys', (_client, response) => void response.destroy(), '500 response_destroyed'],
  ])('%s', async (_name, act, outcome) => {
    const { telemetry, records } = record();
    const middleware = inferometer({ telemetry });
    let answer: ServerResponse | undefined;
    const server = createTlsServer({ ...common, pskCallback: () => psk }, (request, response) =>
      middleware(request, response, () => {
        answer = response;
        response.write('the first part');
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const client = connectTls({
      ...common,
      port: (server.address() as AddressInfo).port,
      pskCallback: () => ({ identity: 'test', psk }),
      checkServerIdentity: () => undefined,
    });
    client.on('error', () => {});
    let text = '';
    client.on('data', (chunk) => {
      text += chunk;
    });
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await vi.waitFor(() => expect(text).toContain('the first part'));
    act(client, answer as ServerResponse);
    expect((await records(1)).map(seen)).toEqual([`GET  ${outcome}`]);
  });
});
