import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithParts, python, runProgram } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const train = join(import.meta.dirname, '..');
const models = join(train, '../../packages/server/models');

test('the shipped models are 16 MB at most, together', () => {
  const files = globSync('**/*', { cwd: models, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  expect(files.filter((entry) => entry.name.endsWith('.onnx'))).toHaveLength(5);
  expect(bytes).toBeLessThan(16e6);
});

test('the tokenizers give the ids of the Rust ones in Node', async () => {
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(train, 'check-tokenizers.mjs')]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toBeTypeOf('object');
});

describeWithParts('the shipped models in onnxruntime', ['python'], () => {
  test('recall, padding and prefill against decode are as the cards say', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await python([join(train, 'check.py')], { timeoutMs: 110_000 });
    expect(code, stdout + stderr).toBe(0);
    process.stdout.write(stdout);
  });
});
