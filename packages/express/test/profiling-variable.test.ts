import { fileURLToPath } from 'node:url';
import { ask, type Question, startProcess, waitFor, withoutOwnSettings } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';

const app = fileURLToPath(new URL('apps/traced.mjs', import.meta.url));
const far = { via: '1.1 proxy' };

describe.each(['express4', 'express'])('INFEROMETER_PROFILING=1 beside the middleware, on %s', (version) => {
  /** The app with its server traced, and the variable set. */
  async function start(env: Readonly<Record<string, string>> = {}) {
    const running = await startProcess({
      command: 'node',
      args: ['--import', '@inferometer/sdk/register', app, version],
      env: {
        ...withoutOwnSettings(),
        OTEL_EXPORTER_PROMETHEUS_PORT: '0',
        INFEROMETER_PROFILING: '1',
        ...env,
      },
      ready: { output: /^listening on (\d+)$/m },
    });
    const asked = (path: string, question?: Question) =>
      ask(`http://127.0.0.1:${running.match?.[1]}${path}`, question);
    return {
      running,
      asked,
      status: async (path: string, headers = {}) => (await asked(path, { headers })).status,
      clear: async (path: string) =>
        ((await asked(path)).body as { endpoints?: string[] }).endpoints?.find((it) => it.endsWith('/clear')),
      [Symbol.asyncDispose]: async () => void (await running.stop()),
    };
  }

  test.each([
    ['/profiling', {}],
    ['/tenants/profiling', { MOUNT: '/tenants' }],
    ['/-/requests', { OPTIONS: '{"profiling":{"path":"/-/requests","token":"s3cret"}}' }],
  ])('both answer, at /profiling and %s, and neither is among the requests', async (path, env) => {
    await using started = await start(env);
    const { running, asked, clear } = started;
    await asked('/tenants/acme/users/42');
    for (const at of ['/profiling', path]) {
      expect(await clear(at)).toBe(`POST ${at}/clear`);
      const traces = await waitFor('the request to be there', async () => {
        const { body } = await asked(`${at}/traces`);
        return (body as unknown[]).length > 0 ? (body as { phases: { name: string }[] }[]) : undefined;
      });
      expect(traces).toMatchObject([{ fn_name: '/tenants/:tenant/users/:id' }]);
      expect(traces[0]?.phases.map(({ name }) => name)).toEqual(expect.arrayContaining(['admission', 'run']));
    }
    expect(running.stderr()).not.toMatch(/error/i);
  });

  test.each([
    ['middleware', { OPTIONS: '{"profiling":{"token":"of the app"}}' }],
    ['handler', { OPTIONS: '{"profiling":{"path":"/x"}}', HANDLER: '{"token":"of the app"}' }],
  ])('a token that the %s was given is the one that opens it', async (_what, env) => {
    await using started = await start({ ...env, INFEROMETER_PROFILING_TOKEN: 'of the environment' });
    const { status } = started;
    expect(await status('/profiling', { ...far, authorization: 'Bearer of the app' })).toBe(200);
    expect(await status('/profiling', { ...far, authorization: 'Bearer of the environment' })).toBe(401);
    expect(await status('/profiling')).toBe(200);
  });

  test('an app that says no has none', async () => {
    await using started = await start({ OPTIONS: '{"profiling":false}' });
    expect(await started.status('/profiling')).toBe(404);
  });
});
