import { expect, test } from 'vitest';
import { startProfiled } from './profiling-server.ts';

const hint =
  /^\/profiling answers requests from its own machine alone; to open it set INFEROMETER_PROFILING_TOKEN/;

async function start(token?: string) {
  const { profiling } = await startProfiled(token === undefined ? {} : { token });
  return (headers: Record<string, string> = {}, method = 'GET') =>
    profiling(method === 'POST' ? '/clear' : '', { method, headers });
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

test('a token is never empty', async () => {
  await expect(start('')).rejects.toThrow('the token of /profiling must not be empty');
});

test('pages of others that a browser of this machine shows neither read nor clear', async () => {
  const asked = await start();
  const { status, body } = await asked({ host: 'evil.example:8080' });
  expect([status, body]).toEqual([
    403,
    { error: 'a page of another origin may not use /profiling of this machine' },
  ]);
  expect((await asked({ host: 'localhost:8080', origin: 'https://evil.example' }, 'POST')).status).toBe(403);
  expect((await asked({ host: 'localhost:8080', origin: 'null' }, 'POST')).status).toBe(403);
  expect((await asked({ host: 'localhost:8080', origin: 'http://localhost:8080' }, 'POST')).status).toBe(200);
  expect((await asked({ host: '[::1]:8080' })).status).toBe(200);
  expect((await asked({ host: 'app.localhost' })).status).toBe(200);
});
