import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { type TempDir, tempDir, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir, startServer, type TestServer } from './serving.ts';

let uploads: TempDir;
let server: TestServer;
beforeAll(async () => {
  uploads = await tempDir('uploads');
  server = await startServer({
    args: ['--model', `e=${encoderDir}`, '--executors', '1', '--max-upload', '300000'],
    env: { TMPDIR: uploads.path },
  });
});
afterAll(async () => {
  await server?.stop();
  await uploads?.[Symbol.asyncDispose]();
});

interface Trace {
  readonly status: number;
  readonly fn_name: string;
  readonly session_hash: string | null;
  readonly error_type: string | null;
  readonly preprocess_ms: number;
  readonly fn_call_ms: number;
  readonly total_ms: number;
  readonly unattributed_ms: number;
}

const traceOf = (response: Response): Promise<Trace> =>
  server.get<Trace>(`/profiling/traces/${response.headers.get('x-event-id')}`);

const errorOf = async (
  response: Response,
): Promise<{ code: string; message: string; param: string | null }> =>
  ((await response.json()) as { error: { code: string; message: string; param: string | null } }).error;

describe('echo_text', () => {
  test('gives the text that came, and its trace adds up', async () => {
    const text = 'hello 👋 \u0000 졸려요 "quoted"';
    const response = await server.post('/apps/echo_text', { text, more: 1 });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ text });
    const trace = await traceOf(response);
    expect(trace).toMatchObject({ status: 200, fn_name: '/apps/echo_text', error_type: null });
    expect(trace.unattributed_ms).toBeLessThan(trace.total_ms);
  });

  test('names what is wrong', async () => {
    const response = await server.post('/apps/echo_text', { text: 5 });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({
      message: expect.stringMatching(/`text`: expected a string, got the number 5/),
    });
    expect((await fetch(`${server.url}/apps/echo_text`)).status).toBe(405);
  });
});

describe('stateful_counter', () => {
  interface Counted {
    readonly session_hash: string;
    readonly count: number;
  }
  const path = '/apps/stateful_counter';
  const count = async (body: object, headers = {}): Promise<Counted> => {
    const response = await server.post(path, body, headers);
    expect(response.status).toBe(200);
    return (await response.json()) as Counted;
  };

  test('begins a session, counts in it, and tells the trace which one', async () => {
    const first = await count({});
    expect(first.count).toBe(1);
    const other = await count({ by: 10 });
    expect(other).toEqual({ session_hash: expect.not.stringMatching(first.session_hash), count: 10 });
    const again = await server.post(path, { session_hash: first.session_hash, by: 4 });
    expect(await again.json()).toEqual({ session_hash: first.session_hash, count: 5 });
    expect(await traceOf(again)).toMatchObject({ fn_name: path, session_hash: first.session_hash });
    expect(await count({}, { 'x-session-hash': first.session_hash })).toMatchObject({ count: 6 });
  });

  test('counts every one of requests that come at the same time', async () => {
    const { session_hash } = await count({ by: 0 });
    await Promise.all(Array.from({ length: 60 }, () => count({ session_hash })));
    expect(await server.get(`${path}/${session_hash}`)).toEqual({ session_hash, count: 60 });
  });

  test('a session that does not exist, or is over, is 404', async () => {
    const { session_hash } = await count({});
    const remove = (): Promise<Response> =>
      fetch(`${server.url}${path}/${session_hash}`, { method: 'DELETE' });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await fetch(`${server.url}${path}/${session_hash}`)).status).toBe(404);
    for (const unknown of [session_hash, 'nope', '__proto__', '../..']) {
      const response = await server.post(path, { session_hash: unknown });
      expect(response.status).toBe(404);
      expect(await errorOf(response)).toMatchObject({ code: 'session_not_found', param: 'session_hash' });
    }
    expect((await server.post(path, {}, { 'x-session-hash': 'nope' })).status).toBe(404);
  });

  test('refuses steps that are no small integers', async () => {
    for (const by of [0.5, 1e6 + 1, '1', Number.MAX_SAFE_INTEGER])
      expect((await server.post(path, { by })).status).toBe(400);
  });
});

describe('file_heavy', () => {
  const path = '/apps/file_heavy';
  const bytes = randomBytes(250_000);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const form = (...files: readonly (readonly [string, Buffer])[]): FormData => {
    const data = new FormData();
    data.set('note', 'a field beside the file');
    for (const [name, content] of files)
      data.append('file', new Blob([content], { type: 'image/x-thing' }), name);
    return data;
  };
  const send = (
    body: NonNullable<RequestInit['body']>,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<Response> =>
    fetch(`${server.url}${path}${query}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

  test('hashes a file in a form, and shows the time of writing and of reading', async () => {
    const response = await send(form(['한글 name.bin', bytes]));
    expect(await response.json()).toEqual({
      name: '한글 name.bin',
      type: 'image/x-thing',
      size: bytes.length,
      digest,
    });
    const trace = await traceOf(response);
    expect(trace.fn_name).toBe(path);
    expect(trace.preprocess_ms).toBeGreaterThan(0);
    expect(trace.fn_call_ms).toBeGreaterThan(0);
  });

  test('hashes a body that is the file, also one without a length', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const whole = await send(bytes, headers, '?name=a.bin');
    expect(await whole.json()).toEqual({
      name: 'a.bin',
      type: 'application/octet-stream',
      size: bytes.length,
      digest,
    });
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 10_000) controller.enqueue(bytes.subarray(at, at + 10_000));
        controller.close();
      },
    });
    expect(await (await send(chunked, headers)).json()).toMatchObject({
      name: '',
      size: bytes.length,
      digest,
    });
  });

  test('a name has no path, and is no place on the server', async () => {
    const response = await send(form(['../../etc/passwd', Buffer.from('x')]));
    expect(await response.json()).toMatchObject({ name: 'passwd', size: 1 });
  });

  test('an empty file in a form has a size of 0', async () => {
    expect(await (await send(form(['empty', Buffer.alloc(0)]))).json()).toMatchObject({ size: 0 });
  });

  test('takes a file of exactly the limit, and none of a byte more', async () => {
    const most = Buffer.alloc(300_000);
    const raw = { 'content-type': 'application/octet-stream' };
    expect((await send(most, raw)).status).toBe(200);
    expect((await send(form(['f', most]))).status).toBe(200);
    const more = Buffer.alloc(300_001);
    for (const response of [
      await send(more, raw),
      await send(form(['f', more])),
      await send(new Blob([more]).stream(), raw),
    ]) {
      expect(response.status).toBe(413);
      expect(await errorOf(response)).toMatchObject({
        message: 'the file is over the limit of 300000 bytes',
      });
    }
    expect((await send(Buffer.alloc(2_000_000), raw)).status).toBe(413);
  });

  // A refused form is destroyed with its file, which nobody reads any more: its error must not be nobody's.
  test('goes on answering after many forms that are too long', async () => {
    const more = Buffer.alloc(310_000);
    for (let round = 0; round < 40; round++) expect((await send(form(['f', more]))).status).toBe(413);
    expect((await send(form(['f', bytes]))).status).toBe(200);
  });

  const boundary = { 'content-type': 'multipart/form-data; boundary=x' };
  const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
  test.each([
    ['no body', '', {}, 400, /the body is missing, expected a file/],
    ['a form without a file', new URLSearchParams(), boundary, 400, /body is missing|expected a part/],
    [
      'a form of fields alone',
      '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
      boundary,
      400,
      /expected a part that is a file, got none/,
    ],
    ['a form that ends too early', part, boundary, 400, /cannot be read: Unexpected end of form/],
    ['a form that is none', 'hello', boundary, 400, /cannot be read/],
    ['a form without a boundary', part, { 'content-type': 'multipart/form-data' }, 400, /Boundary not found/],
    [
      'a compressed body',
      'x',
      { 'content-encoding': 'gzip' },
      415,
      /content encoding gzip, expected the file as it is/,
    ],
  ] as const)('%s', async (_what, body, headers, status, says) => {
    const response = await send(body, { ...headers });
    expect(response.status).toBe(status);
    expect((await errorOf(response)).message).toMatch(says);
  });

  test('two files are one too many', async () => {
    const response = await send(form(['a', Buffer.from('a')], ['b', Buffer.from('b')]));
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({
      message: expect.stringMatching(/expected one file, got more/),
    });
  });

  test('a client that goes away in the middle leaves no file, and is told from a failure', async () => {
    const { port, hostname } = new URL(server.url);
    for (const head of [
      'content-type: application/octet-stream\r\n',
      'content-type: multipart/form-data; boundary=x\r\n',
    ]) {
      await fetch(`${server.url}/profiling/clear`, { method: 'POST' });
      const socket = connect(Number(port), hostname);
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${head}content-length: 200000\r\n\r\n${part}`);
      await waitFor('the upload to be on its way', async () => (await openFiles()) > 0);
      expect(filesLeft()).toEqual([]);
      socket.destroy();
      const [trace] = await waitFor('its trace', async () => {
        const traces = await server.get<Trace[]>('/profiling/traces');
        return traces.length > 0 ? traces : undefined;
      });
      expect(trace).toMatchObject({ status: 499, error_type: 'client_disconnected', fn_name: path });
      await waitFor('the file to be closed', async () => (await openFiles()) === 0);
    }
  });

  /** Uploads that have a name on disk; executors keep their metrics there too. */
  function filesLeft(): string[] {
    return readdirSync(uploads.path).filter((name) => /^inferometer-[\da-f]{8}-/.test(name));
  }

  /** Files without a name that the server has open. */
  async function openFiles(): Promise<number> {
    const dir = `/proc/${server.process.pid}/fd`;
    const targets = await Promise.all(readdirSync(dir).map((fd) => readlink(`${dir}/${fd}`).catch(() => '')));
    return targets.filter((target) => /\/inferometer-[\da-f]{8}-.*\(deleted\)$/.test(target)).length;
  }

  test('after all that nothing is left on disk, and it still answers', async () => {
    expect(filesLeft()).toEqual([]);
    expect((await send(form(['f', bytes]))).status).toBe(200);
    expect(server.process.stderr()).not.toMatch(/unhandled|uncaught|"level":50/i);
  });
});

test('GET /apps lists them with lines for a shell', async () => {
  const { apps } = await server.get<{ apps: { path: string; try: string }[] }>('/apps');
  expect(apps.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      '/apps/echo_text',
      '/apps/file_heavy',
      '/apps/stateful_counter',
      '/nicknames',
      '/embed',
    ]),
  );
  for (const app of apps) expect(app.try).toMatch(/^curl -s http:\/\/127\.0\.0\.1:\d+\//);
  expect((await fetch(`${server.url}/apps`, { method: 'POST' })).headers.get('allow')).toBe('GET');
});
