import { request } from 'node:http';
import { connect } from 'node:net';
import { waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ args: ['--max-body', '100000', '--max-inputs', '50'] });
});
afterAll(() => server?.stop());

const json = { 'content-type': 'application/json' };

interface Case {
  readonly what: string;
  readonly path: string;
  readonly status: number;
  /** In the message: the field and what was expected. */
  readonly says: RegExp;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

const embed = { path: '/embed' };
const embeddings = { path: '/v1/embeddings' };
const completions = { path: '/v1/completions' };
const nicknames = { path: '/nicknames' };

const cases: readonly Case[] = [
  { ...embed, what: 'malformed JSON', raw: '{"inputs": ', status: 400, says: /not valid JSON/ },
  { ...embed, what: 'no body', raw: '', status: 422, says: /`inputs`.*expected a string/ },
  { ...embed, what: 'an array as body', body: ['x'], status: 422, says: /expected a JSON object/ },
  {
    ...embed,
    what: 'no inputs',
    body: {},
    status: 422,
    says: /`inputs`: expected a string or an array of strings, got missing/,
  },
  {
    ...embed,
    what: 'inputs of a wrong type',
    body: { inputs: 5 },
    status: 422,
    says: /`inputs`.*got the number 5/,
  },
  {
    ...embed,
    what: 'one input of a wrong type',
    body: { inputs: ['a', null] },
    status: 422,
    says: /`inputs\[1\]`: expected a string, got null/,
  },
  { ...embed, what: 'empty text', body: { inputs: '' }, status: 400, says: /`inputs`: expected text/ },
  { ...embed, what: 'no texts', body: { inputs: [] }, status: 400, says: /`inputs`.*empty array/ },
  {
    ...embed,
    what: 'over-long text',
    body: { inputs: 'x'.repeat(50_000) },
    status: 413,
    says: /`inputs`: expected at most \d+ characters, got 50000/,
  },
  {
    ...embed,
    what: 'too many texts',
    body: { inputs: Array(51).fill('x') },
    status: 413,
    says: /`inputs`: expected at most 50 inputs, got 51/,
  },
  {
    ...embed,
    what: 'a wrong truncate',
    body: { inputs: 'x', truncate: 'yes' },
    status: 422,
    says: /`truncate`: expected true or false, got the string "yes"/,
  },
  {
    ...embed,
    what: 'an unknown model',
    body: { inputs: 'x', model: 'nope' },
    status: 404,
    says: /"nope" does not exist, expected one of nickname-encoder/,
  },
  {
    ...embed,
    what: 'a body over the limit',
    body: { inputs: 'x'.repeat(200_000) },
    status: 413,
    says: /over the limit of 100000 bytes/,
  },
  {
    ...embed,
    what: 'a wrong content type',
    raw: 'inputs=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    says: /expected application\/json/,
  },
  {
    ...embed,
    what: 'an unknown charset',
    raw: '{}',
    headers: { 'content-type': 'application/json; charset=utf-99' },
    status: 415,
    says: /UTF-99/i,
  },
  {
    ...embed,
    what: 'broken UTF-8',
    // é, a real replacement character, and the first byte of a character that goes on with none of its own.
    raw: Buffer.concat([Buffer.from('{"inputs":"é \ufffd '), Buffer.of(0xc3), Buffer.from('"}')]),
    headers: json,
    status: 400,
    says: /not valid UTF-8: byte 18 belongs to no character/,
  },
  {
    ...embed,
    what: 'an unknown encoding',
    raw: '{}',
    headers: { ...json, 'content-encoding': 'zip' },
    status: 415,
    says: /zip/,
  },
  {
    ...embed,
    what: 'a broken gzip body',
    raw: '{"inputs":"x"}',
    headers: { ...json, 'content-encoding': 'gzip' },
    status: 400,
    says: /header/,
  },
  { ...embed, what: 'GET', method: 'GET', status: 405, says: /GET is not allowed here, expected POST/ },
  {
    ...embed,
    what: 'a model that does not embed',
    body: { inputs: 'x', model: 'nickname-lm' },
    status: 422,
    says: /not one that makes embeddings/,
  },
  { ...embeddings, what: 'malformed JSON', raw: 'nope', status: 400, says: /not valid JSON/ },
  {
    ...embeddings,
    what: 'no input',
    body: { model: 'nickname-encoder' },
    status: 400,
    says: /`input`: expected a string/,
  },
  {
    ...embeddings,
    what: 'an unknown model',
    body: { model: 'nope', input: 'x' },
    status: 404,
    says: /"nope" does not exist/,
  },
  {
    ...embeddings,
    what: 'a model of a wrong type',
    body: { model: 7, input: 'x' },
    status: 400,
    says: /`model`: expected the name of a model, got the number 7/,
  },
  {
    ...embeddings,
    what: 'an unknown format',
    body: { input: 'x', encoding_format: 'hex' },
    status: 400,
    says: /`encoding_format`: expected "float" or "base64"/,
  },
  {
    ...embeddings,
    what: 'too many dimensions',
    body: { input: 'x', dimensions: 4096 },
    status: 400,
    says: /`dimensions`: expected at most the model's \d+ dimensions/,
  },
  {
    ...embeddings,
    what: 'half a dimension',
    body: { input: 'x', dimensions: 1.5 },
    status: 400,
    says: /`dimensions`: expected an integer/,
  },
  {
    ...embeddings,
    what: 'a token id out of range',
    body: { input: [1, 10_000_000] },
    status: 400,
    says: /token id 10000000 is out of range/,
  },
  {
    ...embeddings,
    what: 'a negative token id',
    body: { input: [[-1]] },
    status: 400,
    says: /token id -1 is out of range/,
  },
  { ...embeddings, what: 'DELETE', method: 'DELETE', status: 405, says: /DELETE is not allowed/ },
  {
    ...completions,
    what: 'no prompt',
    body: { model: 'nickname-lm' },
    status: 400,
    says: /`prompt`: expected a string/,
  },
  {
    ...completions,
    what: 'an empty prompt',
    body: { prompt: '' },
    status: 400,
    says: /`prompt`: expected text/,
  },
  {
    ...completions,
    what: 'a negative temperature',
    body: { prompt: 'x', temperature: -1 },
    status: 400,
    says: /`temperature`: expected a number from 0 to 2, got the number -1/,
  },
  {
    ...completions,
    what: 'top_p of 0',
    body: { prompt: 'x', top_p: 0 },
    status: 400,
    says: /`top_p`: expected a number over 0/,
  },
  {
    ...completions,
    what: 'no tokens',
    body: { prompt: 'x', max_tokens: 0 },
    status: 400,
    says: /`max_tokens`: expected an integer >= 1/,
  },
  {
    ...completions,
    what: 'stream of a wrong type',
    body: { prompt: 'x', stream: 'yes' },
    status: 400,
    says: /`stream`: expected true or false/,
  },
  {
    ...completions,
    what: 'a prompt over the context, streamed',
    body: { prompt: 'tired '.repeat(900), stream: true },
    status: 400,
    says: /`prompt`: expected at most 256 tokens, got more/,
  },
  { ...completions, what: 'an empty stop', body: { prompt: 'x', stop: '' }, status: 400, says: /`stop`/ },
  {
    ...completions,
    what: 'logprobs',
    body: { prompt: 'x', logprobs: 3 },
    status: 400,
    says: /`logprobs`: logprobs is not offered/,
  },
  {
    ...completions,
    what: 'a model that does not generate',
    body: { prompt: 'x', model: 'nickname-encoder' },
    status: 400,
    says: /not one that generates text, expected one of nickname-lm/,
  },
  {
    ...nicknames,
    what: 'no text',
    body: {},
    status: 400,
    says: /`text`: expected a sentence about your mood, got missing/,
  },
  { ...nicknames, what: 'spaces', body: { text: '   ' }, status: 400, says: /`text`/ },
  {
    ...nicknames,
    what: 'an unknown language',
    body: { text: 'x', language: 'fr' },
    status: 400,
    says: /`language`: expected "en" or "ko", got the string "fr"/,
  },
  {
    ...nicknames,
    what: 'too many',
    body: { text: 'x', n: 21 },
    status: 400,
    says: /`n`: expected an integer from 1 to 20/,
  },
  {
    path: '/v1/nowhere',
    what: 'no such endpoint',
    body: {},
    status: 404,
    says: /there is no \/v1\/nowhere here/,
  },
];

describe('answers in the format of the API, names the field and what was expected, and records the trace', () => {
  test.each(cases)('$path: $what', async ({ path, status, says, body, raw, headers, method = 'POST' }) => {
    const sent = method === 'GET' || method === 'DELETE' ? null : (raw ?? JSON.stringify(body));
    const response = await fetch(server.url + path, { method, headers: headers ?? json, body: sent });
    expect(response.status).toBe(status);
    const answer = (await response.json()) as {
      error: string & { message: string; type: string; code: string };
    };
    if (path === '/embed') {
      expect(Object.keys(answer).sort()).toEqual(['error', 'error_type']);
      expect(answer.error).toMatch(says);
    } else {
      expect(Object.keys(answer.error).sort()).toEqual(['code', 'message', 'param', 'type']);
      expect(answer.error.message).toMatch(says);
      expect(answer.error.type).toBe('invalid_request_error');
    }
    if (status === 405) expect(response.headers.get('allow')).toBe('POST');
    const trace = await server.get<{ status: number; fn_name: string; error_type: string; total_ms: number }>(
      `/profiling/traces/${response.headers.get('x-event-id')}`,
    );
    expect(trace).toMatchObject({ status, fn_name: path, error_type: expect.stringMatching(/^[a-z_]+$/) });
  });
});

test('whatever fields a body has, the answer is no failure of the server', async () => {
  const values = [
    null,
    true,
    -1,
    1.5,
    1e308,
    '',
    'x',
    '\ud800',
    '\0',
    [],
    {},
    [[]],
    ['a', ''],
    [1, 2],
    [[1], [4e9]],
    2 ** 53,
  ];
  const fields = [
    'model',
    'n',
    'seed',
    'stop',
    'stream',
    'stream_options',
    'max_tokens',
    'temperature',
    'top_p',
    'top_k',
  ];
  fields.push(
    'echo',
    'encoding_format',
    'dimensions',
    'truncate',
    'normalize',
    'language',
    '__proto__',
    'constructor',
  );
  let state = 1;
  const pick = <T>(from: readonly T[]): T => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return from[Math.floor((state / 2 ** 31) * from.length)] as T;
  };
  const seen = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const [path, input] = pick([
      ['/embed', 'inputs'],
      ['/v1/embeddings', 'input'],
      ['/v1/completions', 'prompt'],
      ['/nicknames', 'text'],
    ] as const);
    const given = {
      [input]: pick(['hello', '졸려요', ...values]),
      [pick(fields)]: pick(values),
      [pick(fields)]: pick(values),
    };
    const response = await server.post(path, given);
    const text = await response.text();
    seen.add(response.status);
    expect(response.status, `${path} ${JSON.stringify(given)} gave ${text}`).toBeLessThan(500);
  }
  expect([...seen].sort()).toEqual(expect.arrayContaining([200, 400, 404, 422]));
});

test('after all that it still answers, and nothing was printed as a failure of the server', async () => {
  expect((await server.post('/embed', { inputs: 'still there' })).status).toBe(200);
  expect(server.process.stderr()).not.toMatch(/unhandled|uncaught|"level":50/i);
});

test('a body that stops half way is recorded as a client that went away', async () => {
  await fetch(`${server.url}/profiling/clear`, { method: 'POST' });
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'POST /embed HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"inputs"',
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  const [trace] = await waitFor('its trace', async () => {
    const traces = await server.get<{ status: number; error_type: string }[]>('/profiling/traces');
    return traces.length > 0 ? traces : undefined;
  });
  expect(trace).toMatchObject({ status: 499, error_type: 'client_disconnected' });
});

test('bytes that are no HTTP are refused and harm nobody', async () => {
  const { port, hostname } = new URL(server.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.end('\x16\x03\x01 garbage\r\n\r\n'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});

test('a header block over Node’s limit is refused', async () => {
  const status = await new Promise((resolve, reject) => {
    request(`${server.url}/livez`, { headers: { 'x-long': 'x'.repeat(40_000) } }, (response) =>
      resolve(response.statusCode),
    )
      .on('error', reject)
      .end();
  });
  expect(status).toBe(431);
});
