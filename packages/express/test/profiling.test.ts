import { request as httpRequest } from 'node:http';
import { inferometer, profilingHandler } from '@inferometer/express';
import { describe, expect, test } from 'vitest';
import { record, serve, versions } from './serving.ts';

interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** Asks with headers that `fetch` does not send, such as `host`. */
function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text === '' ? '' : JSON.parse(text),
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

describe.each(versions)('%s', (_version, express) => {
  async function start(options: Parameters<typeof inferometer>[0] = {}) {
    const recording = record({ ringCapacity: 10 });
    const app = express();
    app.use(inferometer({ telemetry: recording.telemetry, ...options }));
    app.get('/users/:id', (request, response) => {
      response.status(request.params.id === 'bad' ? 400 : 200).end();
    });
    const { url } = await serve(app);
    const call = async (...ids: string[]) => {
      for (const id of ids) {
        const before = recording.telemetry.ring.size;
        await (await fetch(`${url}/users/${id}`)).text();
        await recording.records(recording.telemetry.ring.isRecording ? Math.min(before + 1, 10) : before);
      }
    };
    return { ...recording, url, call, profiling: `${url}/profiling` };
  }

  test('lists what there is and whether it is recording', async () => {
    const { profiling, call } = await start();
    await call('1', '2');
    const { status, headers, body } = await ask(profiling);
    expect([status, headers['cache-control'], headers['content-type']]).toEqual([
      200,
      'no-store',
      'application/json; charset=utf-8',
    ]);
    expect(body).toEqual({
      recording: true,
      requests: 2,
      capacity: 10,
      endpoints: [
        'GET /profiling/traces?last_n=',
        'GET /profiling/traces/{event_id}',
        'GET /profiling/summary',
        'POST /profiling/clear',
        'POST /profiling/start',
        'POST /profiling/stop',
      ],
    });
    expect(await ask(`${profiling}/`)).toMatchObject({ status: 200, body });
  });

  test('looking does not record: the ring is for the app’s requests', async () => {
    const { profiling, call, telemetry } = await start();
    await call('1');
    for (let i = 0; i < 5; i++) await ask(`${profiling}/traces`);
    expect(telemetry.ring.size).toBe(1);
  });

  test('traces, filters, one trace', async () => {
    const { profiling, call } = await start();
    await call('1', 'bad', '3');
    const traces = async (query = '') =>
      (await ask(`${profiling}/traces${query}`)).body as { event_id: string }[];
    const all = await traces();
    expect(all).toMatchObject([{ status: 200 }, { status: 400 }, { fn_name: '/users/:id' }]);
    expect(await traces('?last_n=2')).toEqual(all.slice(1));
    expect(await traces('?last_n=0')).toEqual([]);
    expect(await traces('?last_n=99')).toEqual(all);
    expect(await traces('?status=400')).toEqual([all[1]]);
    expect(await traces('?status=ok&fn_name=%2Fusers%2F%3Aid&last_n=1')).toEqual([all[2]]);
    expect(await traces('?model=none')).toEqual([]);
    expect((await ask(`${profiling}/traces/${all[1]?.event_id}`)).body).toEqual(all[1]);
    expect((await ask(`${profiling}/summary?status=ok`)).body).toMatchObject({ count: 2, unit: 'ms' });
  });

  test.each(['-1', '1.5', 'x', '', '1&last_n=2'])('last_n=%s is refused', async (value) => {
    const { profiling } = await start();
    expect(await ask(`${profiling}/traces?last_n=${value}`)).toMatchObject({
      status: 400,
      body: { error: `last_n must be an integer >= 0, got ${value.replace('&last_n=', ',')}` },
    });
  });

  test('clear, stop and start, which may be said twice', async () => {
    const { profiling, call, telemetry } = await start();
    const post = async (path: string) => (await ask(`${profiling}/${path}`, { method: 'POST' })).body;
    await call('1', '2');
    expect(await post('clear')).toEqual({ status: 'ok', cleared: 2 });
    for (let i = 0; i < 2; i++) expect(await post('stop')).toEqual({ status: 'ok', recording: false });
    await call('3', '4');
    expect((await ask(profiling)).body).toMatchObject({ recording: false, requests: 0 });
    for (let i = 0; i < 2; i++) expect(await post('start')).toEqual({ status: 'ok', recording: true });
    await call('5');
    expect((await ask(profiling)).body).toMatchObject({ recording: true, requests: 1 });
    expect(telemetry.ring.size).toBe(1);
  });

  test('HEAD, methods that a path does not have, and paths that there are none', async () => {
    const { profiling } = await start();
    const head = await ask(`${profiling}/summary`, { method: 'HEAD' });
    expect([head.status, head.body, Number(head.headers['content-length']) > 0]).toEqual([200, '', true]);
    expect(await ask(`${profiling}/traces`, { method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
      body: { error: 'DELETE is not allowed here, expected GET' },
    });
    expect(await ask(`${profiling}/clear`)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    for (const path of ['nope', 'traces/a/b', 'summary/x', 'constructor', '__proto__']) {
      expect(await ask(`${profiling}/${path}`)).toMatchObject({
        status: 404,
        body: { error: `there is no /profiling/${path} here; GET /profiling lists what there is` },
      });
    }
    expect(await ask(`${profiling}/traces/%zz`)).toMatchObject({ status: 404 });
  });

  test('a path of the app that only begins alike is the app’s', async () => {
    const { telemetry } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    app.get('/profilings', (_request, response) => void response.json('mine'));
    const { url } = await serve(app);
    expect((await ask(`${url}/profilings`)).body).toBe('mine');
  });

  test('below a path, at another path, as a handler of its own', async () => {
    const { telemetry } = record();
    const app = express();
    app.use('/a', inferometer({ telemetry }));
    app.use(inferometer({ telemetry, profiling: { path: '/-/requests' } }));
    const router = express.Router();
    router.use('/own', profilingHandler({ telemetry }));
    app.use('/b/:tenant', router);
    const { url } = await serve(app);
    const listed = async (path: string) =>
      ((await ask(url + path)).body as { endpoints: string[] }).endpoints[3];
    expect(await listed('/a/profiling')).toBe('POST /a/profiling/clear');
    expect(await listed('/-/requests')).toBe('POST /-/requests/clear');
    expect(await listed('/b/acme/own')).toBe('POST /b/acme/own/clear');
    expect((await ask(`${url}/b/acme/own/traces?last_n=1`)).status).toBe(200);
    expect((await fetch(`${url}/profiling`)).status).toBe(404);
  });

  test('INFEROMETER_PROFILING switches it, and the option is nearer', async () => {
    const status = async (env: string | undefined, profiling?: boolean) => {
      const before = process.env.INFEROMETER_PROFILING;
      if (env !== undefined) process.env.INFEROMETER_PROFILING = env;
      try {
        const { profiling: at } = await start(profiling === undefined ? {} : { profiling });
        return (await fetch(at)).status;
      } finally {
        if (before === undefined) delete process.env.INFEROMETER_PROFILING;
        else process.env.INFEROMETER_PROFILING = before;
      }
    };
    expect(await status(undefined)).toBe(200);
    expect(await status('1')).toBe(200);
    expect(await status('0')).toBe(404);
    expect(await status('false')).toBe(404);
    expect(await status('0', true)).toBe(200);
    expect(await status('1', false)).toBe(404);
    await expect(status('maybe')).rejects.toThrow(
      'INFEROMETER_PROFILING must be 1, true, 0 or false, got maybe',
    );
  });
});

describe('who may see it', () => {
  const hint =
    /^\/profiling answers requests from its own machine alone; to open it set INFEROMETER_PROFILING_TOKEN/;

  async function start(token?: string) {
    const { telemetry } = record();
    const app = versions[1]?.[1]() as ReturnType<(typeof versions)[0][1]>;
    // The address that a client comes from, in the place of one on another machine.
    app.use((request, _response, next) => {
      const address = request.headers['x-test-address'];
      if (address) Object.defineProperty(request.socket, 'remoteAddress', { value: address });
      next();
    });
    app.use(inferometer({ telemetry, profiling: token === undefined ? true : { token } }));
    const { url } = await serve(app);
    return (headers: Record<string, string> = {}, method = 'GET') =>
      ask(`${url}/profiling${method === 'POST' ? '/clear' : ''}`, { method, headers });
  }

  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('this machine, as %s', async (address) => {
    const asked = await start();
    expect((await asked({ 'x-test-address': address })).status).toBe(200);
  });

  test.each(['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '1127.0.0.1', '127.0.0.1.example'])(
    'not another one, as %s',
    async (address) => {
      const asked = await start();
      expect(await asked({ 'x-test-address': address })).toMatchObject({
        status: 403,
        headers: { 'cache-control': 'no-store' },
        body: { error: expect.stringMatching(hint) },
      });
    },
  );

  test.each(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'])(
    'not who comes by a proxy of this machine, which says so in %s',
    async (name) => {
      const asked = await start();
      expect((await asked({ [name]: '127.0.0.1' })).status).toBe(403);
    },
  );

  test('a token opens it to others; this machine needs none', async () => {
    const asked = await start('s3cret');
    const far = { 'x-test-address': '10.0.0.7' };
    expect((await asked({ ...far, authorization: 'Bearer s3cret' })).status).toBe(200);
    expect((await asked({ ...far, authorization: 'bearer s3cret' })).status).toBe(200);
    expect((await asked({ ...far, 'x-inferometer-token': 's3cret' })).status).toBe(200);
    expect((await asked({ 'x-forwarded-for': '1.2.3.4', 'x-inferometer-token': 's3cret' })).status).toBe(200);
    expect((await asked()).status).toBe(200);
    for (const wrong of [{}, { authorization: 'Bearer s3cre' }, { authorization: 'Basic s3cret' }]) {
      expect(await asked({ ...far, ...wrong })).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="profiling"' },
        body: { error: expect.stringContaining('token') },
      });
    }
    expect((await asked({ ...far, 'x-inferometer-token': '' })).status).toBe(401);
  });

  test('the token comes from INFEROMETER_PROFILING_TOKEN, and is never empty', async () => {
    process.env.INFEROMETER_PROFILING_TOKEN = 'from the environment';
    try {
      const asked = await start();
      const far = { 'x-test-address': '10.0.0.7' };
      expect((await asked({ ...far, authorization: 'Bearer from the environment' })).status).toBe(200);
      expect((await asked(far)).status).toBe(401);
    } finally {
      delete process.env.INFEROMETER_PROFILING_TOKEN;
    }
    await expect(start('')).rejects.toThrow('the token of /profiling must not be empty');
  });

  test('pages of others that a browser of this machine shows neither read nor clear', async () => {
    const asked = await start();
    const { status, body } = await asked({ host: 'evil.example:8080' });
    expect([status, body]).toEqual([
      403,
      { error: 'a page of another origin may not use /profiling of this machine' },
    ]);
    expect((await asked({ host: 'localhost:8080', origin: 'https://evil.example' }, 'POST')).status).toBe(
      403,
    );
    expect((await asked({ host: 'localhost:8080', origin: 'null' }, 'POST')).status).toBe(403);
    expect((await asked({ host: 'localhost:8080', origin: 'http://localhost:8080' }, 'POST')).status).toBe(
      200,
    );
    expect((await asked({ host: '[::1]:8080' })).status).toBe(200);
    expect((await asked({ host: 'app.localhost' })).status).toBe(200);
  });
});
