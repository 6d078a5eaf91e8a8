import { gzipSync } from 'node:zlib';
import { describeWithParts } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServer } from './serving.ts';
import { startTensorServer } from './tensor-server.ts';

interface Body {
  readonly error?: string;
  readonly outputs?: readonly { readonly name: string; readonly data?: unknown; readonly shape: number[] }[];
  readonly [key: string]: unknown;
}

const json = { 'content-type': 'application/json' };
const headerName = 'inference-header-content-length';

/** A JSON header with bytes behind it. */
function withBytes(header: unknown, bytes: Uint8Array, length?: string): RequestInit {
  const text = Buffer.from(JSON.stringify(header));
  return {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', [headerName]: length ?? String(text.length) },
    body: Buffer.concat([text, bytes]),
  };
}

const x = (changes: object = {}): object => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2], ...changes }],
});
const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);
const sized = (size: unknown): object => x({ data: undefined, parameters: { binary_data_size: size } });

describeWithParts('the Open Inference Protocol', ['python'], () => {
  let server: TestServer;
  beforeAll(async () => {
    const names = [
      'identity_float32',
      'identity_int64',
      'identity_uint8',
      'identity_bool',
      'identity_float16',
    ];
    const more = [
      'identity_string',
      'lookup',
      'fixed',
      'org/team/fixed',
      'doubled',
      'cumulative',
      'slow',
      'versioned',
    ];
    server = await startTensorServer([...names, ...more], ['--max-tensor-body', '100000']);
  });
  afterAll(() => server?.stop());

  async function ask(
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; body: Body; response: Response }> {
    const response = await fetch(server.url + path, init);
    const text = await response.clone().text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? (JSON.parse(text) as Body) : {}, response };
  }
  const infer = (model: string, body: unknown): ReturnType<typeof ask> =>
    ask(`/v2/models/${model}/infer`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const dataOf = (body: Body): unknown => body.outputs?.[0]?.data;

  test('says what it is, that it lives and that it is ready', async () => {
    expect((await ask('/v2')).body).toMatchObject({
      name: 'inferometer',
      extensions: ['binary_tensor_data', 'model_repository'],
    });
    expect((await ask('/v2/health/live')).status).toBe(200);
    expect((await ask('/v2/health/ready')).status).toBe(200);
  });

  test('asking is no inference: only requests to run a model are traced', async () => {
    await ask('/v2/models/fixed');
    await ask('/v2/health/ready');
    await infer('identity_float32', x());
    const traces = await server.get<readonly { readonly fn_name: string }[]>('/profiling/traces?last_n=50');
    expect(new Set(traces.map((trace) => trace.fn_name))).toEqual(new Set(['/v2/models/*model/infer']));
  });

  test('a model whose name has slashes, with and without a version', async () => {
    const body = x({ shape: [1, 3], data: [1, 2, 3] });
    for (const path of ['org/team/fixed', 'org%2Fteam%2Ffixed', 'org/team/fixed/versions/1']) {
      expect(dataOf((await infer(path, body)).body)).toEqual([-1, -2, -3]);
      expect((await ask(`/v2/models/${path}`)).body).toMatchObject({
        name: 'org/team/fixed',
        versions: ['1'],
      });
      expect((await ask(`/v2/models/${path}/ready`)).status).toBe(200);
    }
  });

  test('the latest version of a model answers, and says which it is', async () => {
    const body = x({ shape: [1, 3], data: [1, -2, 3] });
    for (const path of ['versioned', 'versioned/versions/2']) {
      const answer = await infer(path, body);
      expect(answer.body).toMatchObject({ model_name: 'versioned', model_version: '2' });
      expect(dataOf(answer.body)).toEqual([1, 2, 3]);
    }
    expect((await ask('/v2/models/versioned')).body).toMatchObject({ name: 'versioned', versions: ['2'] });
    expect((await infer('versioned/versions/1', body)).status).toBe(404);
  });

  test('nested data is the same as flat data, and ids come back', async () => {
    const nested = x({
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    });
    const flat = x({ shape: [2, 2], data: [1, 2, 3, 4] });
    const answers = [
      await infer('identity_float32', { id: 'a', ...nested }),
      await infer('identity_float32', flat),
    ];
    expect(answers[0]?.body).toEqual({
      model_name: 'identity_float32',
      model_version: '1',
      id: 'a',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] }],
    });
    expect(answers[1]?.body.outputs).toEqual(answers[0]?.body.outputs);
    expect(answers[1]?.body).not.toHaveProperty('id');
  });

  test('64-bit numbers keep all their digits', async () => {
    const data = '[9223372036854775807,-9223372036854775808,9007199254740993]';
    const body = `{"inputs":[{"name":"x","datatype":"INT64","shape":[1,3],"data":${data}}]}`;
    const { response } = await ask('/v2/models/identity_int64/infer', {
      method: 'POST',
      headers: json,
      body,
    });
    expect(await response.text()).toContain(`"data":${data}`);
  });

  test('half precision as JSON', async () => {
    const half = x({ datatype: 'FP16', data: [0.5, 65504] });
    expect(dataOf((await infer('identity_float16', half)).body)).toEqual([0.5, 65504]);
  });

  test('what JSON has no number for is null', async () => {
    const { response } = await ask(
      '/v2/models/identity_float32/infer',
      withBytes({ parameters: { allow_non_finite: true }, ...sized(8) }, bytesOf(Number.NaN, 1)),
    );
    expect(dataOf((await response.json()) as Body)).toEqual([null, 1]);
  });

  test('a compressed body', async () => {
    const { body } = await ask('/v2/models/identity_float32/infer', {
      method: 'POST',
      headers: { ...json, 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(x())),
    });
    expect(dataOf(body)).toEqual([1, 2]);
  });

  test('a deadline that has passed is told so, and nothing is run for it', async () => {
    const { status, body, response } = await infer('slow', {
      ...x({ shape: [1, 512], data: Array.from({ length: 512 }, () => 1) }),
      parameters: { timeout: 1 },
    });
    expect(body.error).toMatch(/deadline/);
    expect(status).toBe(504);
    const trace = await server.get<{ phases: { name: string }[] }>(
      `/profiling/traces/${response.headers.get('x-event-id')}`,
    );
    expect(trace.phases.map(({ name }) => name)).not.toContain('run');
  });

  test('requests that come together share runs', async () => {
    const row = Array.from({ length: 512 }, (_, i) => i % 7);
    const slow = x({ shape: [1, 512], data: row });
    const ids = await Promise.all(
      Array.from({ length: 24 }, async () => (await infer('slow', slow)).response.headers.get('x-event-id')),
    );
    const traces = await Promise.all(
      ids.map((id) =>
        server.get<{ batch: { size: number }; phases: { name: string }[] }>(`/profiling/traces/${id}`),
      ),
    );
    expect(Math.max(...traces.map((trace) => trace.batch.size))).toBeGreaterThan(1);
    for (const phase of ['admission', 'preprocess', 'queue', 'transfer', 'run', 'postprocess']) {
      expect(traces[0]?.phases.map(({ name }) => name)).toContain(phase);
    }
  });

  describe('bad input', () => {
    const cases: readonly [what: string, model: string, body: unknown, says: RegExp][] = [
      [
        'an unknown input',
        'identity_float32',
        x({ name: 'z' }),
        /`z`: the model has no such input, expected x/,
      ],
      ['no inputs', 'identity_float32', { inputs: [] }, /`x`: this input is missing/],
      ['inputs of a wrong type', 'identity_float32', { inputs: 'x' }, /`inputs`: expected an array/],
      [
        'an input twice',
        'identity_float32',
        { inputs: [0, 0].map(() => (x() as { inputs: object[] }).inputs[0]) },
        /twice/,
      ],
      ['another datatype', 'identity_float32', x({ datatype: 'INT64' }), /expected FP32, got INT64/],
      ['an unknown datatype', 'identity_float32', x({ datatype: 'FP31' }), /unknown datatype FP31/],
      ['BF16', 'identity_float32', x({ datatype: 'BF16' }), /expected FP32, got the unknown datatype BF16/],
      ['another rank', 'identity_float32', x({ shape: [2] }), /expected shape \[batch, width\], got \[2\]/],
      ['a fixed size', 'fixed', x(), /expected shape \[1, 3\], got \[1, 2\]/],
      ['a negative size', 'identity_float32', x({ shape: [-1, 2] }), /expected sizes from 0/],
      ['a giant size', 'identity_float32', x({ shape: [1e15, 1] }), /expected sizes from 0/],
      ['giant sizes', 'identity_float32', x({ shape: [2 ** 31 - 1, 2 ** 31 - 1] }), /too many elements/],
      ['a size that is no number', 'identity_float32', x({ shape: ['1', 2] }), /`inputs\[0\].shape\[0\]`/],
      ['too few elements', 'identity_float32', x({ data: [1] }), /has 2 elements, got 1/],
      ['too many elements', 'identity_float32', x({ data: [1, 2, 3] }), /has 2 elements, got 3/],
      [
        'ragged data',
        'identity_float32',
        x({ shape: [2, 2], data: [[1, 2], [3]] }),
        /nested as shape \[2, 2\]/,
      ],
      ['data nested too deep', 'identity_float32', x({ data: [[[1], [2]]] }), /FP32 holds, got an array/],
      ['no data', 'identity_float32', x({ data: undefined }), /either data or/],
      ['data that is no array', 'identity_float32', x({ data: 'AAAA' }), /expected an array/],
      ['null for NaN', 'identity_float32', x({ data: [1, null] }), /`inputs\[0\].data\[1\]`.*got null/],
      ['the word NaN', 'identity_float32', x({ data: [1, 'NaN'] }), /a number that FP32 holds/],
      ['a number past FP32', 'identity_float32', x({ data: [1, 1e39] }), /a number that FP32 holds/],
      ['a number past FP16', 'identity_float16', x({ datatype: 'FP16', data: [1, 65520] }), /FP16 holds/],
      ['a fraction', 'identity_int64', x({ datatype: 'INT64', data: [1, 1.5] }), /an integer from/],
      ['past UINT8', 'identity_uint8', x({ datatype: 'UINT8', data: [1, 256] }), /from 0 to 255 for UINT8/],
      [
        '1 for true',
        'identity_bool',
        x({ datatype: 'BOOL', data: [true, 1] }),
        /true or false, got the number 1/,
      ],
      [
        'a number for a text',
        'identity_string',
        x({ datatype: 'BYTES', data: ['a', 1] }),
        /expected a string/,
      ],
      [
        'half a surrogate',
        'identity_string',
        x({ datatype: 'BYTES', data: ['a', '\ud800'] }),
        /valid Unicode/,
      ],
      [
        'an output that there is not',
        'fixed',
        { ...x({ shape: [1, 3], data: [1, 2, 3] }), outputs: [{ name: 'z' }] },
        /no such output, expected y/,
      ],
      [
        'a row that there is not',
        'lookup',
        { inputs: [{ name: 'index', datatype: 'INT64', shape: [1], data: [4] }] },
        /cannot run these inputs.*idx=4/,
      ],
      ['bytes that are not there', 'identity_float32', sized(8), /expected 8 bytes behind the JSON, got 0/],
      ['a size in words', 'identity_float32', sized('8'), /`inputs\[0\].parameters.binary_data_size`/],
      [
        'shared memory',
        'identity_float32',
        x({ data: undefined, parameters: { shared_memory_region: 'r' } }),
        /shared memory is not supported/,
      ],
      [
        'a negative timeout',
        'identity_float32',
        { ...x(), parameters: { timeout: -1 } },
        /`parameters.timeout`/,
      ],
      ['a body that is an array', 'identity_float32', [x()], /expected a JSON object/],
    ];
    test.each(cases)('%s', async (_what, model, body, says) => {
      const answer = await infer(model, body);
      expect(answer.body.error).toMatch(says);
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.body)).toEqual(['error']);
    });

    const texts = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);
    const prefix = (length: number): Uint8Array => new Uint8Array(Uint32Array.of(length).buffer);
    const text = (size: number): object => ({
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, 1], parameters: { binary_data_size: size } }],
    });
    const binary: readonly [what: string, model: string, init: RequestInit, says: RegExp][] = [
      ['too few bytes', 'identity_float32', withBytes(sized(4), bytesOf(1)), /take 8 bytes, got 4/],
      ['fewer than it says', 'identity_float32', withBytes(sized(8), bytesOf(1)), /expected 8 bytes.*got 4/],
      ['more than it says', 'identity_float32', withBytes(sized(8), bytesOf(1, 2, 3)), /4 bytes.*no input/],
      [
        'NaN',
        'identity_float32',
        withBytes(sized(8), bytesOf(1, Number.NaN)),
        /got NaN or an infinity at element 1/,
      ],
      [
        'a header longer than all',
        'identity_float32',
        withBytes(sized(8), bytesOf(1, 2), '9999'),
        /at most the body/,
      ],
      [
        'a header length in words',
        'identity_float32',
        withBytes(sized(8), bytesOf(1, 2), '1e2'),
        /length of the JSON/,
      ],
      ['a header cut short', 'identity_float32', withBytes(sized(8), bytesOf(1, 2), '5'), /not valid JSON/],
      [
        'a text without an end',
        'identity_string',
        withBytes(text(5), texts(prefix(9), Buffer.from('a'))),
        /says it has 9 bytes, but 1/,
      ],
      [
        'a length cut short',
        'identity_string',
        withBytes(text(2), new Uint8Array(2)),
        /ends within its length/,
      ],
      [
        'no UTF-8',
        'identity_string',
        withBytes(text(5), texts(prefix(1), Uint8Array.of(0xff))),
        /not valid UTF-8/,
      ],
      [
        'more texts than elements',
        'identity_string',
        withBytes(text(8), texts(prefix(0), prefix(0))),
        /has 1 elements, got 2/,
      ],
      [
        'a bool of 2',
        'identity_bool',
        withBytes(
          { inputs: [{ name: 'x', datatype: 'BOOL', shape: [1, 1], parameters: { binary_data_size: 1 } }] },
          Uint8Array.of(2),
        ),
        /bools of 0 and 1/,
      ],
    ];
    test.each(binary)('binary: %s', async (_what, model, init, says) => {
      const answer = await ask(`/v2/models/${model}/infer`, init);
      expect(answer.body.error).toMatch(says);
      expect(answer.status).toBe(400);
    });

    const post = { method: 'POST', headers: json };
    const path = '/v2/models/identity_float32/infer';
    const odd: readonly [what: string, path: string, init: RequestInit, status: number, says: RegExp][] = [
      ['no such model', '/v2/models/nobody/infer', { ...post, body: '{}' }, 404, /"nobody" does not exist/],
      [
        'no such version',
        '/v2/models/fixed/versions/2/infer',
        { ...post, body: '{}' },
        404,
        /no version 2, expected one of 1/,
      ],
      ['metadata of no model', '/v2/models/nobody', {}, 404, /does not exist/],
      ['readiness of no model', '/v2/models/nobody/ready', {}, 404, /does not exist/],
      ['no such path', '/v2/nothing', {}, 404, /there is no/],
      ['GET to infer', path, {}, 405, /expected POST/],
      ['POST to metadata', '/v2/models/fixed', post, 405, /expected GET/],
      ['no body', path, post, 400, /body is missing/],
      ['malformed JSON', path, { ...post, body: '{' }, 400, /not valid JSON/],
      ['a NaN literal', path, { ...post, body: '{"inputs":[NaN]}' }, 400, /not valid JSON/],
      ['invalid UTF-8', path, { ...post, body: Uint8Array.of(0x22, 0xff, 0x22) }, 400, /not valid UTF-8/],
      [
        'another content type',
        path,
        { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '{}' },
        415,
        /text\/xml/,
      ],
      [
        'an unknown encoding',
        path,
        { method: 'POST', headers: { ...json, 'content-encoding': 'zip' }, body: '{}' },
        415,
        /zip/,
      ],
      [
        'no gzip in gzip',
        path,
        { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
        400,
        /cannot be read/,
      ],
      ['too large a body', path, { ...post, body: ' '.repeat(100_001) }, 413, /limit of 100000 bytes/],
      [
        'a bomb',
        path,
        { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(' '.repeat(1e7)) },
        413,
        /limit of 100000/,
      ],
      [
        'shared memory',
        '/v2/systemsharedmemory/region/r/register',
        { ...post, body: '{}' },
        400,
        /not supported/,
      ],
    ];
    test.each(odd)('%s', async (_what, at, init, status, says) => {
      const answer = await ask(at, init);
      expect(answer.body.error).toMatch(says);
      expect(answer.status).toBe(status);
    });

    test('the server goes on', async () => {
      expect(dataOf((await infer('identity_float32', x())).body)).toEqual([1, 2]);
    });
  });
});
