import { expect, test } from 'vitest';
import { startProfiled } from './profiling-server.ts';

test('lists what there is and whether it is recording', async () => {
  const { profiling, call } = await startProfiled();
  await call('/users/1', '/users/2');
  const { status, headers, body } = await profiling();
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
  expect(await profiling('/')).toMatchObject({ status: 200, body });
});

test('traces, filters, one trace', async () => {
  const { profiling, call } = await startProfiled();
  await call('/users/1', '/users/bad', '/orders/3');
  const traces = async (query = '') => (await profiling(`/traces${query}`)).body as { event_id: string }[];
  const all = await traces();
  expect(all).toMatchObject([{ status: 200 }, { status: 400 }, { fn_name: 'orders' }]);
  expect(await traces('?last_n=2')).toEqual(all.slice(1));
  expect(await traces('?last_n=0')).toEqual([]);
  expect(await traces('?last_n=99')).toEqual(all);
  expect(await traces('?status=400')).toEqual([all[1]]);
  expect(await traces('?status=ok&fn_name=users&last_n=1')).toEqual([all[0]]);
  expect(await traces('?model=none')).toEqual([]);
  expect((await profiling(`/traces/${all[1]?.event_id}`)).body).toEqual(all[1]);
  expect((await profiling('/summary?status=ok')).body).toMatchObject({ count: 2, unit: 'ms' });
});

test.each(['-1', '1.5', 'x', '', '1&last_n=2'])('last_n=%s is refused', async (value) => {
  const { profiling } = await startProfiled();
  expect(await profiling(`/traces?last_n=${value}`)).toMatchObject({
    status: 400,
    body: { error: `last_n must be an integer >= 0, got ${value.replace('&last_n=', ',')}` },
  });
});

test('clear, stop and start, which may be said twice', async () => {
  const { profiling, call, telemetry } = await startProfiled();
  const post = async (path: string) => (await profiling(path, { method: 'POST' })).body;
  await call('/users/1', '/users/2');
  expect(await post('/clear')).toEqual({ status: 'ok', cleared: 2 });
  for (let i = 0; i < 2; i++) expect(await post('/stop')).toEqual({ status: 'ok', recording: false });
  await call('/users/3', '/users/4');
  expect((await profiling()).body).toMatchObject({ recording: false, requests: 0 });
  for (let i = 0; i < 2; i++) expect(await post('/start')).toEqual({ status: 'ok', recording: true });
  await call('/users/5');
  expect((await profiling()).body).toMatchObject({ recording: true, requests: 1 });
  expect(telemetry.ring.size).toBe(1);
});

test('HEAD, methods that a path does not have, and paths that there are none', async () => {
  const { profiling } = await startProfiled();
  const head = await profiling('/summary', { method: 'HEAD' });
  expect([head.status, head.body, Number(head.headers['content-length']) > 0]).toEqual([200, '', true]);
  expect(await profiling('/traces', { method: 'DELETE' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
    body: { error: 'DELETE is not allowed here, expected GET' },
  });
  expect(await profiling('/clear')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  for (const path of ['nope', 'traces/a/b', 'summary/x', 'constructor', '__proto__']) {
    expect(await profiling(`/${path}`)).toMatchObject({
      status: 404,
      body: { error: `there is no /profiling/${path} here; GET /profiling lists what there is` },
    });
  }
  expect(await profiling('/traces/%zz')).toMatchObject({ status: 404 });
});
