import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  inferometerProgram,
  runProgram,
  type TempDir,
  tempDir,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCpuList } from '../src/config/cpu-list.ts';
import { didYouMean } from '../src/config/mistake.ts';
import { serveCommand } from '../src/options.ts';
import { readServeOptions } from '../src/serve-options.ts';
import { encoderDir, runCli } from './serving.ts';

let root: TempDir;
beforeAll(async () => {
  root = await tempDir('config');
});
afterAll(() => root[Symbol.asyncDispose]());

/** What a server would be started with. */
async function resolved(yaml: string, args: readonly string[] = []) {
  const file = root.file('inferometer.yaml');
  writeFileSync(file, yaml);
  const command = serveCommand(async () => {});
  await command.parseAsync(['node', 'serve', '--config', file, ...args]);
  return (await readServeOptions(command)).options;
}

/** The mistakes in a file, without its name. */
async function mistakes(yaml: string): Promise<string[]> {
  const failed = await resolved(yaml).then(
    () => '',
    (error: Error) => error.message,
  );
  return failed
    .split('\n')
    .filter((line) => !/^\d+ mistakes$/.test(line))
    .map((line) => line.slice(line.indexOf('.yaml:') + 6));
}

test('the example of the documentation is right, and names its models', async () => {
  const example = fileURLToPath(new URL('../../../docs/examples/inferometer.yaml', import.meta.url));
  const command = serveCommand(async () => {});
  await command.parseAsync(['node', 'serve', '--config', example]);
  const { options } = await readServeOptions(command);
  expect(options.sources.models.map(({ name }) => name)).toEqual(['minilm', 'minilm-fast', 'writer']);
  expect(options.sources.models[0]).toMatchObject({
    path: join(example, '../all-MiniLM-L6-v2'),
    options: { executors: 2, threads: 1, maxBatchSize: 32, cpus: [0, 1], hardTimeoutMs: 30_000 },
  });
  expect(options).toMatchObject({ port: 8080, maxInputs: 2048 });
});

test('paths are the file’s, a path alone is a model, none switches a limit off', async () => {
  const { sources } = await resolved(
    'models:\n  a: ./x\n  b: {path: /abs, hardTimeoutMs: none, cpus: "0-2,5"}\n',
  );
  expect(sources.models).toMatchObject([
    { name: 'a', path: root.file('x') },
    { name: 'b', path: '/abs', options: { hardTimeoutMs: Number.POSITIVE_INFINITY, cpus: [0, 1, 2, 5] } },
  ]);
});

test('flags win over environment over file over defaults', async () => {
  const yaml =
    'server: {port: 1, host: file, maxInputs: 3}\ndefaults: {executors: 2, maxQueue: 9}\nmodels: {a: {path: x, executors: 3, maxQueue: 8}}\n';
  process.env.INFEROMETER_HOST = 'environment';
  process.env.INFEROMETER_EXECUTORS = '4';
  try {
    const options = await resolved(yaml, ['--port', '2', '--max-queue', '7']);
    expect(options).toMatchObject({ port: 2, host: 'environment', maxInputs: 3, drainTimeoutMs: 10_000 });
    expect(options.sources.models[0]?.options).toMatchObject({ executors: 4, maxQueue: 7 });
  } finally {
    delete process.env.INFEROMETER_HOST;
    delete process.env.INFEROMETER_EXECUTORS;
  }
});

test('models of flags take the place of the file’s, with the file’s options for their names', async () => {
  const yaml = 'models:\n  a: {path: x, executors: 3}\n  b: y\n';
  const { sources } = await resolved(yaml, ['--model', 'a=/other']);
  expect(sources.models).toMatchObject([{ name: 'a', path: '/other', options: { executors: 3 } }]);
});

test('all mistakes at once, each with line, column, key and what was expected', async () => {
  expect(
    await mistakes(
      [
        'server:',
        '  port: 70000',
        '  hots: x',
        '  executors: 2',
        'defaults:',
        '  exectors: 2',
        'models:',
        '  m:',
        '    path: ./a',
        '    executors: two',
        '    batching:',
        '      maxBatchSize: 0',
        '      preferedSizes: [1]',
        '  n: {versions: newest}',
        'modles: {}',
        '',
      ].join('\n'),
    ),
  ).toEqual([
    '2:9: server.port: expected an integer from 0 to 65535, got 70000',
    '3:3: server.hots: unknown key, did you mean "host"?',
    '4:3: server.executors: unknown key, expected it below "defaults" or a model',
    '6:3: defaults.exectors: unknown key, did you mean "executors"?',
    '10:16: models.m.executors: expected an integer from 1 to 256, got "two"',
    '12:21: models.m.batching.maxBatchSize: expected an integer >= 1, got 0',
    '13:7: models.m.batching.preferedSizes: unknown key, did you mean "preferredSizes"?',
    '14:6: models.n.path: expected the path of a model directory, got nothing',
    '14:17: models.n.versions: expected latest, latest N, all or a list of version numbers, got "newest"',
    '15:1: modles: unknown key, did you mean "models"?',
  ]);
});

test.each<[string, string, string]>([
  ['a name twice', 'models:\n  m: a\n  m: b\n', '3:3: Map keys must be unique'],
  ['an alias of itself', 'models: &m\n  a: *m\n', '2:6: *m refers to a value that it is itself a part of'],
  ['half a list', 'models: [\n', 'end with a ]'],
  ['an anchor that is not there', 'models: *none\n', '1:9: *none refers to no anchor before it'],
  ['no mapping', '- a\n', '1:1: expected a mapping, got ["a"]'],
  [
    'options that are wrong together',
    'models:\n  m: {path: a, batching: {maxBatchSize: 4, preferredSizes: [8]}}\n',
    '2:3: models.m: preferredBatchSizes must be an integer from 1 to 4, got 8',
  ],
  ['a value of an alias', 'x: &x 0\nmodels: {m: {path: a, executors: *x}}\n', '1:1: x: unknown key'],
])('%s', async (_what, yaml, says) => {
  expect((await mistakes(yaml)).join('\n')).toContain(says);
});

test('an expansion without end is cut short', async () => {
  const lines = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de'])
    lines.push(`${to}: &${to} [${Array(10).fill(`*${from}`)}]`);
  expect((await mistakes(`${lines.join('\n')}\n`)).join()).toContain('Excessive alias count');
});

test('a file that is not there, and a mistake in it, end the program with code 2', async () => {
  const missing = await runCli(['serve', '--config', root.file('nothing.yaml')]);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing.yaml cannot be read') });
  const file = root.file('wrong.yaml');
  writeFileSync(file, 'server: {port: x}\n');
  const wrong = await runCli(['serve', '--config', file]);
  expect(wrong).toEqual({
    code: 2,
    stderr: `inferometer: ${file}:1:16: server.port: expected an integer from 0 to 65535, got "x"\n`,
  });
});

test('doctor shows what is in force and who says so, and what is wrong', async () => {
  const file = root.file('doctor.yaml');
  const ask = async (): Promise<{ code: number; text: string }> => {
    const env = { ...withoutOwnSettings(), INFEROMETER_HOST: '127.0.0.2' };
    const { code, stdout } = await runProgram(
      process.execPath,
      [inferometerProgram, 'doctor', '--config', file],
      { env },
    );
    return { code: code ?? -1, text: stdout };
  };
  writeFileSync(
    file,
    `server: {port: 1234, host: 127.0.0.3}\nmodels: {m: {path: ${encoderDir}, variant: int8}}\n`,
  );
  const { text } = await ask();
  expect(text).toMatch(/server\.port +1234 {2}\(file\)/);
  expect(text).toMatch(/server\.host +127\.0\.0\.2 {2}\(environment\)/);
  expect(text).toMatch(/server\.maxInputs +2048\n/);
  expect(text).toMatch(/models\.m +\S+nickname-encoder \(int8\) {2}\(file\)/);
  writeFileSync(file, 'server: {prt: 1}\n');
  const mistaken = await ask();
  expect(mistaken.code).toBe(1);
  expect(mistaken.text).toMatch(/ERROR .*doctor\.yaml:1:10: server\.prt: unknown key, did you mean "port"\?/);
});

test.each([
  ['maxBatchsize', 'maxBatchSize'],
  ['max-batch-size', 'maxBatchSize'],
  ['theards', 'threads'],
  ['colour', undefined],
])('%s: did you mean %s?', (key, meant) => {
  expect(didYouMean(key, ['maxBatchSize', 'threads', 'executors'])).toBe(meant);
});

test.each<[unknown, readonly number[] | undefined]>([
  ['0-3,6', [0, 1, 2, 3, 6]],
  [
    [2, 4],
    [2, 4],
  ],
  [5, [5]],
  ['3-1', undefined],
  ['0-99999999', undefined],
  ['', undefined],
  [[-1], undefined],
])('processors %j', (value, cpus) => {
  expect(parseCpuList(value)).toEqual(cpus);
});
