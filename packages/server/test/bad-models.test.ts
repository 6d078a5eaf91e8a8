import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encoderDir, runCli } from './serving.ts';

const root = mkdtempSync(join(tmpdir(), 'inferometer-bad-models-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A copy of the encoder with one thing broken. */
function broken(name: string, breakIt: (dir: string) => void): string {
  const dir = join(root, name);
  cpSync(encoderDir, dir, { recursive: true });
  breakIt(dir);
  return dir;
}

async function refusal(path: string): Promise<string> {
  const { code, stderr } = await runCli([
    'serve',
    '--port',
    '0',
    '--metrics-port',
    'off',
    '--model',
    `m=${path}`,
  ]);
  expect(code, stderr).toBe(2);
  const lines = stderr.trim().split('\n');
  expect(lines, stderr).toHaveLength(1);
  return lines[0] as string;
}

test.each<[string, (dir: string) => string, string]>([
  [
    'a directory that is not there',
    () => join(root, 'nothing'),
    'nothing does not exist: expected a model directory',
  ],
  [
    'a directory that is no model',
    () => {
      mkdirSync(join(root, 'empty'));
      return join(root, 'empty');
    },
    'empty has no ONNX graph: expected model.onnx or onnx/model.onnx in it',
  ],
  [
    'a file that is no graph',
    () => join(encoderDir, 'config.json'),
    'config.json is not a directory or an .onnx file',
  ],
  [
    'no tokenizer',
    () => broken('no-tokenizer', (dir) => rmSync(join(dir, 'tokenizer.json'))),
    'tokenizer.json is missing: expected a Hugging Face tokenizer',
  ],
  [
    'a tokenizer that is no JSON',
    () => broken('half-tokenizer', (dir) => truncateSync(join(dir, 'tokenizer.json'), 1000)),
    'half-tokenizer/tokenizer.json is not valid JSON',
  ],
  [
    'a tokenizer that is none',
    () =>
      broken('other-tokenizer', (dir) =>
        writeFileSync(join(dir, 'tokenizer.json'), '{"model": {"type": "Magic"}}'),
      ),
    'other-tokenizer/tokenizer.json is not a tokenizer',
  ],
  [
    'a truncated graph',
    () => broken('truncated', (dir) => truncateSync(join(dir, 'model.onnx'), 100_000)),
    'truncated/model.onnx cannot be loaded',
  ],
  [
    'an empty graph',
    () => broken('empty-graph', (dir) => truncateSync(join(dir, 'model.onnx'), 0)),
    'empty-graph/model.onnx is empty',
  ],
  [
    'a graph of other bytes',
    () =>
      broken('garbage', (dir) =>
        writeFileSync(join(dir, 'model.onnx'), readFileSync(join(dir, 'tokenizer.json'))),
      ),
    'garbage/model.onnx cannot be loaded',
  ],
  [
    'a broken pooling configuration',
    () =>
      broken('pooling', (dir) =>
        writeFileSync(join(dir, '1_Pooling/config.json'), '{"pooling_mode": "magic"}'),
      ),
    'pooling/1_Pooling/config.json: pooling_mode is "magic", expected one of cls, max, mean',
  ],
  [
    'a module that nobody runs',
    () =>
      broken('dense', (dir) =>
        writeFileSync(
          join(dir, 'modules.json'),
          JSON.stringify([{ idx: 0, type: 'sentence_transformers.models.Dense', path: '2_Dense' }]),
        ),
      ),
    'modules.json names Dense, expected Transformer, Pooling and Normalize only',
  ],
])('%s: one line that names the file, exit code 2', async (_what, make, says) => {
  const line = await refusal(make(root));
  expect(line).toMatch(/^inferometer: model m: /);
  expect(line).toContain(says);
});

test.each<[string, string[], RegExp]>([
  ['a model without a name', ['--model', 'somewhere'], /--model must be NAME=DIR, .*got somewhere/],
  ['a port out of range', ['--port', '70000'], /expected an integer from 0 to 65535/],
  ['an unknown flag', ['--prot', '1'], /unknown option '--prot'/],
  ['a batch of nothing', ['--max-batch-size', '0'], /expected an integer >= 1/],
])('%s: exit code 2 and what was expected', async (_what, args, says) => {
  const { code, stderr } = await runCli(['serve', ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
});
