import { fileURLToPath } from 'node:url';
import { runProgram, withoutOwnSettings } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const app = (name: string) => fileURLToPath(new URL(`apps/${name}`, import.meta.url));
const register = '@inferometer/sdk/register';

// Node before 22.22.3 and 24.11.1 has no synchronous hooks that import-in-the-middle can use.
const olderNode =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'22.16.0'}})";

test.each([
  ['synchronous', [], ''],
  ['asynchronous', ['--import', olderNode], 'wait'],
])(
  '%s hooks wrap the modules that somebody asks for, also later, and no others',
  async (_kind, before, wait) => {
    const result = await runProgram(
      'node',
      [...before, '--import', register, app('own-instrumentation.mjs'), wait],
      {
        env: { ...withoutOwnSettings(), OTEL_EXPORTER_PROMETHEUS_PORT: '0', INFEROMETER_QUIET: '1' },
      },
    );
    expect(result).toEqual({
      code: 0,
      stdout: 'patched\n{"before":false,"after":true,"other":false}\n',
      stderr: '',
    });
  },
);

test('spans per Express layer are there when they are asked for', async () => {
  const isHooked = async (layers: string) => {
    const script = "process.stdout.write(String(import.meta.resolve('express').includes('iitm')))";
    const { stdout } = await runProgram('node', ['--import', register, '--input-type=module', '-e', script], {
      env: {
        ...withoutOwnSettings(),
        OTEL_EXPORTER_PROMETHEUS_PORT: '0',
        INFEROMETER_EXPRESS_LAYERS: layers,
      },
    });
    return stdout;
  };
  expect(await isHooked('0')).toBe('false');
  expect(await isHooked('1')).toBe('true');
});
