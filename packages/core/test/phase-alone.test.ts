import { join } from 'node:path';
import { runProgram } from '@inferometer/testkit';
import { expect, test } from 'vitest';

async function run(program: string, ...args: string[]): Promise<unknown> {
  const file = join(import.meta.dirname, 'programs', program);
  const { code, stdout, stderr } = await runProgram(process.execPath, [file, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('with the API package alone every call is a no-op, and results are the very same', async () => {
  expect(await run('api-alone.mjs')).toEqual({
    packages: ['@inferometer/core', '@opentelemetry/api'],
    results: {
      off: { sameObject: true, samePromise: true, sameBatch: true, active: true, span: true, model: null },
      value: 'value',
      record: [['work', ['run', 'unattributed']]],
    },
  });
});

test.each(['rejection', 'handled', 'handled late', 'generator', 'stream', 'request'])(
  'what nobody handles stays so: %s',
  async (what) => {
    const without = await run('unhandled.mjs', 'off', what);
    expect(await run('unhandled.mjs', 'on', what)).toEqual(without);
    expect(without).toEqual(
      { handled: [], stream: ['exception no'], 'handled late': ['rejection no', 'handled'] }[what] ?? [
        'rejection no',
      ],
    );
  },
);
