import { join } from 'node:path';
import { runReadmeExample } from '@inferometer/testkit';
import { expect, test } from 'vitest';

test('the example of the README does what it says', async () => {
  const { code, stdout, stderr, promised } = await runReadmeExample(join(import.meta.dirname, '..'));
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: promised, stderr: '' });
});
