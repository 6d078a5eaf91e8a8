import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeWithParts,
  python,
  type RunningProcess,
  startProcess,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { pipeline, serve } from 'inferometer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir } from './serving.ts';

const script = join(import.meta.dirname, '../../engine/test/make_tensor_models.py');

describe('what cannot be served', () => {
  test('is said before anything is started', async () => {
    expect(() => pipeline({ model: '' })).toThrow(/model must name a directory/);
    expect(() => pipeline({ model: 'x', preprocess: 5 as never })).toThrow(
      'preprocess must be a function, got number',
    );
    expect(() => pipeline({ model: 'x', inExecutor: './hooks.js' as never })).toThrow(
      /inExecutor must be a URL/,
    );
    const one = pipeline({ model: 'x' });
    await expect(serve({})).rejects.toThrow('at least one of pipelines and models');
    await expect(serve({ pipelines: { sentiment: one } })).rejects.toThrow(/must be like \/sentiment/);
    await expect(serve({ pipelines: { '/v1/mine': one } })).rejects.toThrow(/must not be below \/v1/);
    await expect(serve({ pipelines: { '/a': one }, models: { a: 'y' } })).rejects.toThrow(
      /two models are called a/,
    );
  });
});

describeWithParts('pipelines', ['python'], () => {
  let root: string;
  let running: RunningProcess;
  let url: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'inferometer-pipelines-'));
    const { code, stderr } = await python([script, root]);
    expect(code, stderr).toBe(0);
    running = await startProcess({
      name: 'a program with pipelines',
      command: process.execPath,
      args: [join(import.meta.dirname, 'pipelines/program.ts'), root, encoderDir],
      env: withoutOwnSettings(),
      ready: { output: /page\s+(http:\/\/\S+)\//, url: (match) => `${match[1]}/readyz` },
      readyTimeoutMs: 120_000,
    });
    url = running.match?.[1] as string;
  });
  afterAll(async () => {
    await running?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  async function post(
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: unknown; response: Response }> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      body: isBytes ? new Blob([body as Uint8Array<ArrayBuffer>]) : JSON.stringify(body),
    });
    return {
      status: response.status,
      body: await response
        .clone()
        .json()
        .catch(() => undefined),
      response,
    };
  }
  const errorOf = async (
    path: string,
    body: unknown,
  ): Promise<{ status: number; message: string; param: unknown }> => {
    const answer = await post(path, body);
    const { error } = answer.body as { error: { message: string; param: unknown } };
    return { status: answer.status, message: error.message, param: error.param };
  };

  test('hooks around a model, in this process', async () => {
    const { status, body } = await post('/double', { values: [1, 2.5] });
    expect([status, body]).toEqual([200, { doubled: [2, 5], of: [1, 2.5], pid: running.pid }]);
  });

  test('the model of a pipeline speaks the other protocols as well, as do those without hooks', async () => {
    for (const name of ['double', 'fixed']) {
      const response = await fetch(`${url}/v2/models/${name}`);
      expect(await response.json()).toMatchObject({ name, inputs: [{ name: 'x', datatype: 'FP32' }] });
    }
  });

  test('a schema names the field at fault; asynchronous hooks', async () => {
    expect((await post('/checked', { values: [1] })).body).toEqual([2]);
    expect(await errorOf('/checked', { values: ['a'] })).toEqual({
      status: 400,
      message: '`values[0]`: expected a number',
      param: 'values[0]',
    });
    expect((await errorOf('/checked', {})).status).toBe(400);
  });

  test.each([
    ['a body that a hook refuses', { at: 'input' }, 400, '`at`: expected something else'],
    ['a hook that fails before the model', { at: 'preprocess' }, 500, 'preprocess failed: a mistake of mine'],
    [
      'a hook whose tensors do not fit',
      { at: 'tensors' },
      500,
      /^preprocess failed: what it made does not fit.*no such input/,
    ],
    ['a hook that fails behind the model', { at: 'postprocess' }, 500, 'postprocess failed: another mistake'],
    ['an answer that is no JSON', { at: 'circle' }, 500, /^postprocess failed: its answer is no JSON/],
    ['inputs that the model cannot run', { at: '', index: 9 }, 400, /cannot run these inputs.*idx=9/],
  ])('%s', async (_what, body, status, message) => {
    const error = await errorOf('/throws', body);
    expect(error.message).toMatch(message);
    expect(error.status).toBe(status);
  });

  test('answers: typed arrays and wide numbers as JSON, bytes as they are', async () => {
    const { body } = await post('/throws', { at: '', index: 1 });
    expect(body).toEqual({ row: [2, 3], wide: String(2n ** 63n), few: 7 });
    const { response } = await post('/throws', { at: 'bytes' });
    expect(response.headers.get('content-type')).toContain('application/octet-stream');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
  });

  test('texts go through a model that embeds', async () => {
    const { body } = await post('/texts', { texts: ['one', 'two', 'three'] });
    expect(body).toEqual([3, expect.any(Number)]);
    expect((await errorOf('/texts', { texts: [''] })).status).toBe(400);
  });

  test('hooks in the executor: beside the model, in batches, with the phases of each', async () => {
    const slow = post('/executor', Uint8Array.of(250));
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => post('/executor', Uint8Array.of(i, i + 1))),
    );
    expect((await slow).status).toBe(200);
    answers.forEach(({ status, body }, i) => {
      expect([status, body]).toEqual([
        200,
        { pid: expect.any(Number), doubled: [2 * i, 2 * i + 2], bytes: 2 },
      ]);
    });
    expect(answers[0]?.body).not.toMatchObject({ pid: running.pid });
    const traces = await Promise.all(
      answers.map(async ({ response }) => {
        const found = await fetch(`${url}/profiling/traces/${response.headers.get('x-event-id')}`);
        return (await found.json()) as {
          batch: { size: number };
          phases: { name: string }[];
          unattributed_ms: number;
        };
      }),
    );
    expect(Math.max(...traces.map((trace) => trace.batch.size))).toBeGreaterThan(1);
    for (const phase of ['queue', 'transfer', 'preprocess', 'run', 'postprocess'])
      expect(traces[0]?.phases.map(({ name }) => name)).toContain(phase);
  });

  test('what fails for one request of a batch fails for that one alone', async () => {
    const first = [1, 254, 2, 252, 3, 251, 4];
    const answers = await Promise.all(first.map((byte) => post('/executor', Uint8Array.of(byte))));
    expect(answers.map(({ status }) => status)).toEqual([200, 500, 200, 500, 200, 500, 200]);
    const messages = answers.map(({ body }) => (body as { error?: { message: string } }).error?.message);
    expect(messages[1]).toBe('preprocess failed: this hook is broken');
    expect(messages[3]).toBe('postprocess failed: no answer for this');
    expect(messages[5]).toMatch(/^postprocess failed: .*could not be cloned/);
    expect(await errorOf('/executor', { a: 1 })).toEqual({
      status: 400,
      message: '`body`: expected bytes, got object',
      param: 'body',
    });
  });

  test('one hook in the executor, the other here', async () => {
    expect((await post('/half', { values: [4] })).body).toEqual([8]);
    expect(await errorOf('/half', {})).toEqual({
      status: 400,
      message: '`values`: expected numbers',
      param: 'values',
    });
  });

  test('an executor that a hook kills is started again', async () => {
    expect((await errorOf('/executor', Uint8Array.of(253))).status).toBe(503);
    await expect
      .poll(async () => (await post('/executor', Uint8Array.of(1))).status, { timeout: 20_000 })
      .toBe(200);
  });

  test('other methods are refused', async () => {
    expect((await fetch(`${url}/double`)).status).toBe(405);
  });
});
