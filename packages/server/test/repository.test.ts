import { cpSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cosine, encoderDir, runCli, startServer, type TestServer } from './serving.ts';

const text = 'I could sleep all day';

interface Version {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** Copies the encoder; `int8` takes its 8-bit graph as the only one, which gives slightly other vectors. */
function makeModel(dir: string, precision: 'fp32' | 'int8' = 'fp32'): void {
  mkdirSync(dir, { recursive: true });
  cpSync(encoderDir, dir, { recursive: true });
  if (precision === 'int8') cpSync(join(dir, 'model_int8.onnx'), join(dir, 'model.onnx'));
  rmSync(join(dir, 'model_int8.onnx'));
}

async function vectorOf(server: TestServer, model: string): Promise<number[]> {
  const response = await server.post('/v1/embeddings', { model, input: text });
  const body = (await response.json()) as { data?: { embedding: number[] }[] };
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body.data?.[0]?.embedding ?? [];
}

async function index(server: TestServer): Promise<Version[]> {
  return (await (await server.post('/v2/repository/index', {})).json()) as Version[];
}

let root: TempDir;
/** Vectors of the text by the two graphs. */
let fp32: number[];
let int8: number[];
beforeAll(async () => {
  root = await tempDir('repository');
  await using server = await startServer({
    args: ['--model', `a=${encoderDir}`, '--model', `b:int8=${encoderDir}`, '--executors', '1'],
  });
  fp32 = await vectorOf(server, 'a');
  int8 = await vectorOf(server, 'b');
  expect(cosine(fp32, int8)).toBeGreaterThan(0.9);
  expect(fp32).not.toEqual(int8);
});
afterAll(() => root[Symbol.asyncDispose]());

test('a repository: folders are models, numbered folders in them versions, the latest one answers', async () => {
  const dir = root.file('several');
  makeModel(join(dir, 'one/2'));
  makeModel(join(dir, 'one/10'), 'int8');
  makeModel(join(dir, 'two'));
  await using server = await startServer({ args: ['--models', dir, '--executors', '1'] });
  expect(await vectorOf(server, 'one')).toEqual(int8);
  expect(await vectorOf(server, 'one@10')).toEqual(int8);
  expect(await vectorOf(server, 'two')).toEqual(fp32);
  const missing = await server.post('/v1/embeddings', { model: 'one@2', input: text });
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({
    error: { message: expect.stringContaining('model "one" has no version 2, expected one of 10') },
  });
  const { data } = await server.get<{ data: object[] }>('/v1/models');
  expect(data).toMatchObject([
    { id: 'one', versions: [{ version: '10', state: 'READY', default: true }] },
    { id: 'two', versions: [{ version: '1', state: 'READY', default: true }] },
  ]);
});

test('versions side by side, each by its name, and unloaded and loaded again', async () => {
  const config = root.file('versions.yaml');
  makeModel(root.file('tree/1'));
  makeModel(root.file('tree/3'), 'int8');
  writeFileSync(
    config,
    'defaults: {executors: 1}\nmodels:\n  m: {path: ./tree, versions: all}\n  n: ./tree/1\n',
  );
  await using server = await startServer({ args: ['--config', config] });
  expect(await vectorOf(server, 'm@1')).toEqual(fp32);
  expect(await vectorOf(server, 'm')).toEqual(int8);
  expect((await server.post('/v2/repository/models/m/unload', {})).status).toBe(200);
  const gone = await server.post('/v1/embeddings', { model: 'm', input: text });
  expect(gone.status).toBe(404);
  expect(await vectorOf(server, 'n')).toEqual(fp32);
  const unloaded = await waitFor('both versions to be closed', async () => {
    const versions = await index(server);
    return versions.every(({ name, state }) => name === 'n' || state === 'UNAVAILABLE') && versions;
  });
  expect(unloaded).toEqual([
    { name: 'm', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
    { name: 'm', version: '3', state: 'UNAVAILABLE', reason: 'unloaded' },
    { name: 'n', version: '1', state: 'READY', reason: '' },
  ]);
  expect((await server.post('/v2/repository/models/m/load', {})).status).toBe(200);
  expect(await vectorOf(server, 'm')).toEqual(int8);
  expect((await server.post('/v2/repository/models/nobody/load', {})).status).toBe(404);
});

test('a model is replaced under load: no request fails, and then the new one answers', async () => {
  const dir = root.file('live');
  makeModel(dir);
  await using server = await startServer({ args: ['--model', `m=${dir}`, '--executors', '1'] });
  const answers: { status: number; vector: number[] }[] = [];
  let going = true;
  const client = async (): Promise<void> => {
    while (going) {
      const response = await server.post('/embed', { inputs: [text, 'other words of another length'] });
      const [vector = []] = (await response.json()) as number[][];
      answers.push({ status: response.status, vector });
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  // Told below; until then it must not count as unhandled.
  clients.catch(() => {});
  await waitFor('some answers', () => answers.length > 50);
  for (const precision of ['int8', 'fp32', 'int8'] as const) {
    makeModel(root.file(`live-${precision}`), precision);
    renameSync(dir, `${dir}-old`);
    renameSync(root.file(`live-${precision}`), dir);
    rmSync(`${dir}-old`, { recursive: true });
    expect((await server.post('/v2/repository/models/m/load', {})).status).toBe(200);
    // Beside other texts the 8-bit graph scales a text otherwise: nearer to it than to the other one will do.
    const vector = await vectorOf(server, 'm');
    expect(cosine(vector, int8) > cosine(vector, fp32) ? 'int8' : 'fp32').toBe(precision);
  }
  going = false;
  await clients;
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const other = answers.filter(({ vector }) => cosine(vector, fp32) < 0.9);
  expect(other).toEqual([]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).not.toMatch(/inference_requests_rejected_total\{.*\} [1-9]/);
});

test.each<[string, (dir: string) => void, RegExp]>([
  ['a broken graph', (dir) => truncateSync(join(dir, 'model.onnx'), 1000), /model\.onnx cannot be loaded/],
  ['no graph any more', (dir) => rmSync(join(dir, 'model.onnx')), /has no ONNX graph/],
  ['a directory that vanished', (dir) => rmSync(dir, { recursive: true }), /does not exist/],
])('%s: the load is refused with the reason, and the one before serves on', async (what, breakIt, says) => {
  const dir = root.file(`broken ${what}`);
  makeModel(dir);
  await using server = await startServer({ args: ['--model', `m=${dir}`, '--executors', '1'] });
  breakIt(dir);
  const refused = await server.post('/v2/repository/models/m/load', {});
  expect(refused.status).toBe(400);
  expect(JSON.stringify(await refused.json())).toMatch(says);
  expect(await vectorOf(server, 'm')).toEqual(fp32);
  expect(await index(server)).toMatchObject([{ state: 'READY', reason: expect.stringMatching(says) }]);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

test('the repository is this machine’s: a proxy’s clients and pages of others are refused', async () => {
  await using server = await startServer({ args: ['--model', `m=${encoderDir}`, '--executors', '1'] });
  const path = '/v2/repository/models/m/unload';
  for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { origin: 'https://example.com' }]) {
    expect((await server.post(path, {}, headers)).status).toBe(403);
  }
  expect((await server.post(path, { parameters: { unload: 5 } })).status).toBe(400);
  expect((await fetch(`${server.url}${path}`)).status).toBe(405);
  expect(await vectorOf(server, 'm')).toEqual(fp32);
});

test('SIGHUP follows the file: new models, other options, those that are gone; a mistake changes nothing', async () => {
  const config = root.file('hup.yaml');
  makeModel(root.file('hup/a'));
  makeModel(root.file('hup/b'), 'int8');
  writeFileSync(config, 'defaults: {executors: 1}\nmodels:\n  a: ./hup/a\n  c: ./hup/b\n');
  await using server = await startServer({ args: ['--config', config] });
  writeFileSync(
    config,
    'defaults: {executors: 1}\nmodels:\n  a: {path: ./hup/a, maxQueue: 7}\n  b: ./hup/b\n',
  );
  server.process.signal('SIGHUP');
  await waitFor('b to be served and c to be gone', async () => {
    const names = (await index(server)).map(({ name, state }) => `${name} ${state}`);
    return names.join() === 'a READY,b READY';
  });
  expect(await vectorOf(server, 'b')).toEqual(int8);
  expect(await vectorOf(server, 'a')).toEqual(fp32);
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
    'inference_queue_capacity{model="a"} 7',
  );
  writeFileSync(config, 'models:\n  a: ./hup/a\n  b: {pth: ./hup/b}\n');
  server.process.signal('SIGHUP');
  await waitFor('the mistake to be said', () =>
    /hup\.yaml:3:7: models\.b\.pth: unknown key, did you mean \\"path\\"\?/.test(server.process.stderr()),
  );
  expect(await vectorOf(server, 'b')).toEqual(int8);
});

test.each<[string, string[], RegExp]>([
  ['a version twice', ['--model', 'm@2=x', '--model', 'm@2=y'], /--model m@2 is given twice/],
  ['a version that is none', ['--model', 'm@new=x'], /the version must be an integer >= 1/],
  ['no repository', ['--models', '/nowhere/at/all'], /\/nowhere\/at\/all is no directory/],
  [
    'a variant that is not there',
    ['--model', `m:fp16=${encoderDir}`],
    /has no graph of variant "fp16", it has fp32 \(model\.onnx\), int8 \(model_int8\.onnx\)/,
  ],
])('%s is refused', async (_what, args, says) => {
  const { code, stderr } = await runCli(['serve', '--port', '0', '--metrics-port', 'off', ...args]);
  expect(stderr).toMatch(says);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});
