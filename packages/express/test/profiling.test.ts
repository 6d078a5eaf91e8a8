import { inferometer, profilingHandler } from '@inferometer/express';
import { ask } from '@inferometer/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { record, serve, versions } from './serving.ts';

/** Sets variables until the test has finished. */
function setEnv(env: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, env);
  onTestFinished(() => {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

describe.each(versions)('%s', (_version, express) => {
  async function start(options: Parameters<typeof inferometer>[0] = {}) {
    const recording = record();
    const app = express();
    app.use(inferometer({ telemetry: recording.telemetry, ...options }));
    app.get('/users/:id', (_request, response) => void response.end());
    const { url } = await serve(app);
    return { ...recording, url, profiling: `${url}/profiling` };
  }

  test('shows the app’s requests by their routes; looking does not record', async () => {
    const { url, profiling, records, telemetry } = await start();
    await ask(`${url}/users/1`);
    await records(1);
    for (let i = 0; i < 5; i++) {
      expect((await ask(`${profiling}/traces`)).body).toMatchObject([{ fn_name: '/users/:id', status: 200 }]);
    }
    expect(telemetry.ring.size).toBe(1);
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
    expect((await ask(`${url}/a/profiling/nope`)).body).toEqual({
      error: 'there is no /a/profiling/nope here; GET /a/profiling lists what there is',
    });
    expect((await ask(`${url}/profiling`)).status).toBe(404);
  });

  test.each([
    [{}, undefined, 200],
    [{ INFEROMETER_PROFILING: '1' }, undefined, 200],
    [{ INFEROMETER_PROFILING: '0' }, undefined, 404],
    [{ INFEROMETER_PROFILING: 'false' }, undefined, 404],
    [{ INFEROMETER_PROFILING: '0' }, true, 200],
    [{ INFEROMETER_PROFILING: '1' }, false, 404],
  ])('%j and the option %s, which is nearer: %d', async (env, option, status) => {
    setEnv(env as Record<string, string>);
    const { profiling } = await start(option === undefined ? {} : { profiling: option });
    expect((await ask(profiling)).status).toBe(status);
  });

  test('a value of INFEROMETER_PROFILING that cannot be followed is refused', async () => {
    setEnv({ INFEROMETER_PROFILING: 'maybe' });
    await expect(start()).rejects.toThrow('INFEROMETER_PROFILING must be 1, true, 0 or false, got maybe');
  });

  test.each([
    [{ INFEROMETER_PROFILING_TOKEN: 'of the environment' }, true, 'of the environment'],
    [{ INFEROMETER_PROFILING_TOKEN: 'of the environment' }, { token: 'of the app' }, 'of the app'],
  ])('%j and the option %j: others need the token', async (env, option, token) => {
    setEnv(env);
    const { profiling } = await start({ profiling: option });
    const status = async (headers: Record<string, string>) =>
      (await ask(profiling, { headers: { via: '1.1 proxy', ...headers } })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await status({ authorization: 'Bearer of somebody' })).toBe(401);
  });

  test('without a token others are refused; an empty one is a mistake', async () => {
    const { profiling } = await start();
    expect((await ask(profiling, { headers: { via: '1.1 proxy' } })).status).toBe(403);
    await expect(start({ profiling: { token: '' } })).rejects.toThrow(
      'the token of /profiling must not be empty',
    );
  });
});
