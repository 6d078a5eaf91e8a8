import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { runProgram, tempDir } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const script = resolve(import.meta.dirname, '../tests.ts');
const vitest = resolve(import.meta.dirname, '../../../node_modules/vitest/vitest.mjs');

/** A test that fails as often as it is told to, then passes. */
const failsFor = (times: number): string => `
  import { appendFileSync, readFileSync } from 'node:fs';
  test('settles', () => {
    appendFileSync(import.meta.filename + '.runs', '.');
    expect(readFileSync(import.meta.filename + '.runs', 'utf8').length).toBeGreaterThan(${times});
  });
  test('passes', () => {});
`;

/** @returns counts, what passed at the second try, and failures, of a folder with these files */
async function runOn(files: Readonly<Record<string, string>>): Promise<string[]> {
  await using dir = await tempDir('ci');
  const run = `node ${vitest} run --root . --globals`;
  await writeFile(dir.file('package.json'), JSON.stringify({ type: 'module', scripts: { test: run } }));
  for (const [name, text] of Object.entries(files)) await writeFile(dir.file(name), text);
  await runProgram('node', [script, 'test', dir.path], { cwd: dir.path, timeoutMs: 60_000 });
  const texts = ['counts', 'second-try', 'failures'].map((name) =>
    readFile(dir.file(name), 'utf8').catch(() => ''),
  );
  return await Promise.all(texts);
}

test('a test that passes at its second try is counted once and named', async () => {
  const [counts, again, failures] = await runOn({
    'shaky.test.js': failsFor(1),
    'sound.test.js': "test('sound', () => {}); test.skip('later', () => {});",
  });
  expect(counts).toBe('3 0 1\n');
  expect(again).toMatch(/^passed at the second try: shaky\.test\.js: settles: AssertionError: .+\n$/);
  expect(failures).toBe('');
});

test('what fails twice is a failure, and so is a file that does not load', async () => {
  const [counts, again, failures] = await runOn({
    'broken.test.js': failsFor(9),
    'torn.test.js': "import 'nowhere';",
  });
  expect(counts).toBe('1 1 0\n');
  expect(again).toBe('');
  expect(failures).toMatch(/failed: broken\.test\.js: settles/);
  expect(failures).toMatch(/failed: torn\.test\.js: .*nowhere/);
});

test('more than five files are not tried again', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.test.js`);
  const [counts, again] = await runOn(Object.fromEntries(names.map((name) => [name, failsFor(1)])));
  expect(counts).toBe('6 6 0\n');
  expect(again).toBe('');
});

test('a run that cannot report is a failure', async () => {
  await using dir = await tempDir('ci');
  await writeFile(dir.file('package.json'), JSON.stringify({ scripts: { test: 'exit 1' } }));
  await runProgram('node', [script, 'test', dir.path], { cwd: dir.path, timeoutMs: 60_000 });
  expect(await readFile(dir.file('counts'), 'utf8')).toBe('0 1 0\n');
});
