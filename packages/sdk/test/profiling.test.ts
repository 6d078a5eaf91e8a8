import { ask, type Question, waitFor } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { startApp, totalOf } from './pipeline-setup.ts';

const on = { INFEROMETER_PROFILING: '1' };
/** Who comes from elsewhere, by a proxy of this machine. */
const far = { 'x-forwarded-for': '203.0.113.9' };

interface Trace {
  readonly event_id: string;
  readonly fn_name: string;
  readonly total_ms: number;
  readonly phases: readonly { readonly name: string; readonly duration_ms: number }[];
}

async function start(env: Readonly<Record<string, string>>, file = 'profiled.mjs') {
  const app = await startApp({ file, env: { APP: 'node', ...env } });
  const asked = (path: string, question?: Question) => ask(app.url + path, question);
  return { app, asked, [Symbol.asyncDispose]: () => app.stop() };
}

describe.each([
  ['ESM', 'Express 5', 'profiled.mjs', 'express', '/work/:words'],
  ['ESM', 'Express 4', 'profiled.mjs', 'express4', '/work/:words'],
  ['ESM', 'node:http', 'profiled.mjs', 'node', '/work/ab-cde'],
  ['CommonJS', 'Express 5', 'profiled.cjs', 'express', '/work/:words'],
  ['CommonJS', 'Express 4', 'profiled.cjs', 'express4', '/work/:words'],
  ['CommonJS', 'node:http', 'profiled.cjs', 'node', '/work/ab-cde'],
])('%s, %s', (_modules, _server, file, framework, fnName) => {
  test('INFEROMETER_PROFILING=1 is all that it takes', async () => {
    await using running = await start({ ...on, APP: framework }, file);
    const { app, asked } = running;
    const post = async (path: string) => (await asked(path, { method: 'POST' })).body;
    expect((await asked('/work/ab-cde')).body).toBe('2,3');
    // A request has ended when its answer has left, which the client may know first.
    const [trace] = await waitFor('the request to be there', async () => {
      const traces = (await asked('/profiling/traces?last_n=5')).body as Trace[];
      return traces.length > 0 ? traces : undefined;
    });
    expect(trace).toMatchObject({ fn_name: fnName, method: 'GET', status: 200 });
    expect(trace?.phases.map(({ name }) => name)).toEqual(['preprocess', 'run', 'unattributed']);
    const sumUs = trace?.phases.reduce((sum, it) => sum + Math.round(it.duration_ms * 1000), 0);
    expect(sumUs).toBe(Math.round((trace?.total_ms ?? 0) * 1000));
    expect((await asked(`/profiling/traces/${trace?.event_id}`)).body).toEqual(trace);
    expect((await asked('/profiling/summary')).body).toMatchObject({ count: 1, unit: 'ms' });
    expect((await asked('/profiling')).body).toMatchObject({ recording: true, requests: 1 });

    expect(await post('/profiling/stop')).toEqual({ status: 'ok', recording: false });
    await asked('/work/unseen');
    // Counted by the metrics, which go on; those that looked at /profiling are not.
    const counted = await app.scrapeOf(2);
    expect(totalOf(counted, 'http_server_request_duration_count')).toBe(2);
    expect((await asked('/profiling')).body).toMatchObject({ recording: false, requests: 1 });
    expect(await post('/profiling/start')).toEqual({ status: 'ok', recording: true });
    expect(await post('/profiling/clear')).toEqual({ status: 'ok', cleared: 1 });
    expect((await asked('/profiling/traces')).body).toEqual([]);
    expect(app.process.stderr()).toMatch(
      /^inferometer \S+: .*, profiling at \/profiling, instrumentations /m,
    );
  });
});

test.each([
  ['node', {}],
  ['express', {}],
  ['express4', {}],
  ['node', { INFEROMETER_PROFILING: '0' }],
  ['express', { INFEROMETER_PROFILING_TOKEN: 's3cret' }],
])('an app of %s has the path for itself with %j', async (framework, env) => {
  await using none = await start({ APP: framework, ...env });
  expect(await none.asked('/profiling')).toMatchObject({ status: 404, body: 'no /profiling' });
  await using own = await start({ APP: framework, OWN: '1', ...env });
  expect((await own.asked('/profiling/traces?last_n=1')).body).toBe('own /profiling/traces?last_n=1');
  expect((await own.asked('/profiling', { method: 'POST', headers: far })).body).toBe('own /profiling');
  // Requests like any other.
  await own.app.scrapeOf(2);
  expect(own.app.process.stderr()).not.toContain('profiling at');
});

test('paths that only look alike are the app’s, and so is all where requests are not traced', async () => {
  await using running = await start({ ...on, OWN: '1' });
  for (const target of ['/profilings', '/a/profiling', '/Profiling', '//profiling', '/%70rofiling']) {
    const { body } = await running.asked('/', { target });
    expect(body).toBe(`${target === '/profilings' ? 'own' : 'no'} ${target}`);
  }
  expect((await running.asked('/profiling')).body).toMatchObject({ recording: true });

  await using untraced = await start({ ...on, OWN: '1', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http' });
  expect((await untraced.asked('/profiling')).body).toBe('own /profiling');
  expect(untraced.app.process.stderr()).not.toContain('profiling at');
});

test('others are refused, and pages of others that a browser of this machine shows', async () => {
  await using running = await start(on);
  for (const headers of [far, { via: '1.1 proxy' }, { ...far, authorization: 'Bearer guessed' }]) {
    expect(await running.asked('/profiling/traces', { headers })).toMatchObject({
      status: 403,
      headers: { 'cache-control': 'no-store' },
      body: { error: expect.stringContaining('set INFEROMETER_PROFILING_TOKEN') },
    });
  }
  for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }]) {
    expect((await running.asked('/profiling/clear', { method: 'POST', headers })).status).toBe(403);
  }
  expect((await running.asked('/work/ab', { headers: far })).body).toBe('2');
});

test('INFEROMETER_PROFILING_TOKEN opens it to whoever sends the token', async () => {
  await using running = await start({ ...on, INFEROMETER_PROFILING_TOKEN: 's3cret' });
  const status = async (headers: Record<string, string>) =>
    (await running.asked('/profiling/summary', { headers })).status;
  expect(await status({ ...far, authorization: 'Bearer s3cret' })).toBe(200);
  expect(await status({ ...far, 'x-inferometer-token': 's3cret' })).toBe(200);
  expect(await status({})).toBe(200);
  expect(await status({ ...far, authorization: 'Bearer s3cre' })).toBe(401);
  expect(await running.asked('/profiling', { headers: far })).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="profiling"' },
  });
});

test('methods and paths that there are not, and what no client would send', async () => {
  await using running = await start(on);
  const { app, asked } = running;
  const head = await asked('/profiling/summary', { method: 'HEAD' });
  expect([head.status, head.body, Number(head.headers['content-length']) > 0]).toEqual([200, '', true]);
  expect(await asked('/profiling', { method: 'DELETE' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  expect(await asked('/profiling/clear')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  expect((await asked('/profiling/traces?last_n=-1')).status).toBe(400);
  const nothing = ['nope', 'traces/%zz', 'traces/a/b', '../work', '%2e%2e', '__proto__', 'x'.repeat(8000)];
  for (const path of nothing) {
    const answer = await asked('/', { target: `/profiling/${path}` });
    expect(answer, path).toMatchObject({
      status: 404,
      body: { error: expect.stringMatching(/^(there is )?no /) },
    });
  }
  expect((await asked('/', { target: '/profiling?last_n=%zz&&=' })).status).toBe(200);
  // For a proxy, and for the server as a whole: the app's.
  expect((await asked('/', { target: 'http://localhost/profiling' })).body).toBe(
    'no http://localhost/profiling',
  );
  expect((await asked('/', { method: 'OPTIONS', target: '*' })).body).toBe('no *');
  const body = 'x'.repeat(1_000_000);
  const posted = await fetch(`${app.url}/profiling/clear`, { method: 'POST', body });
  expect(await posted.json()).toMatchObject({ status: 'ok' });
  expect((await asked('/work/ab-cde')).body).toBe('2,3');
  expect(app.process.stderr()).not.toMatch(/error/i);
});
