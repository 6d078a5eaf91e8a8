import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '@inferometer/testkit';
import { expect, test } from 'vitest';

test('the example of the README does what it says', async () => {
  const folder = join(import.meta.dirname, '..');
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, example, output] = /```js\n(.*?)```\n\n```\n(.*?)```/s.exec(readme) ?? [];
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    ['--input-type=module', '--eval', example ?? ''],
    { cwd: folder },
  );
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: output, stderr: '' });
});
