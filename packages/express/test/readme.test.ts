import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, runProgram, withoutOwnSettings } from '@inferometer/testkit';
import { expect, onTestFinished, test } from 'vitest';

/** Numbers differ from run to run. */
const withoutTimes = (text: string): string => text.replace(/dur=[\d.]+/g, 'dur=…');

test('the README’s example prints what the README says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const program = /```js\n\/\/ app\.js\n([\s\S]*?)```/.exec(readme)?.[1] as string;
  const [, command, output] = /```\n\$ (node [^\n]*)\n([\s\S]*?)```/.exec(readme) as unknown as string[];
  expect(program.trim().split('\n').length).toBeLessThanOrEqual(18);

  // In this package's folder, where the example's imports are found.
  const folder = fileURLToPath(new URL(`readme-${process.pid}/`, import.meta.url));
  await mkdir(folder);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(`${folder}app.js`, program.replaceAll('3000', String(await freePort())));
  const [node = '', ...args] = (command as string).split(' ');
  const { code, stdout, stderr } = await runProgram(node, args, {
    cwd: folder,
    env: { ...withoutOwnSettings(), OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
  });
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  expect(withoutTimes(stdout)).toBe(withoutTimes(output as string));
});
