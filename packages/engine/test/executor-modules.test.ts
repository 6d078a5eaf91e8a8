import { fileURLToPath } from 'node:url';
import { runProgram } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const entry = new URL('../dist/executor/main.js', import.meta.url);

test('an executor loads no telemetry: its modules are a part of every start', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
    await import(${JSON.stringify(entry.href)});
    process.exit(0);
  `;
  const { code, stdout, stderr } = await runProgram(process.execPath, ['--input-type=module', '-e', program]);
  expect(code, stderr).toBe(0);
  const loaded = stdout.trim().split('\n');
  expect(loaded).toContain(`file://${fileURLToPath(entry)}`);
  expect(
    loaded.filter((url) => url.includes('@opentelemetry') || url.endsWith('/core/dist/index.js')),
  ).toEqual([]);
});
