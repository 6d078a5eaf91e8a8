import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir, waitFor } from '@inferometer/testkit';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir, lmDir, startServer, type TestServer } from './serving.ts';

type Chat = OpenAI.ChatCompletionCreateParamsNonStreaming;

let server: TestServer;
let client: OpenAI;
let plain: TempDir;
beforeAll(async () => {
  plain = await tempDir('plain-chat');
  // The same model without a template of its own.
  cpSync(lmDir, plain.path, { recursive: true });
  const config = join(plain.path, 'tokenizer_config.json');
  const { chat_template: _, ...rest } = JSON.parse(readFileSync(config, 'utf8'));
  writeFileSync(config, JSON.stringify(rest));
  const models = [`lm=${lmDir}`, `plain=${plain.path}`, `encoder=${encoderDir}`];
  server = await startServer({
    args: [...models.flatMap((model) => ['--model', model]), '--executors', '1', '--threads', '1'],
  });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await server?.stop();
  await plain?.[Symbol.asyncDispose]();
});

const mood = 'I could sleep all day';
const greedy: Chat = {
  model: 'lm',
  messages: [{ role: 'user', content: mood }],
  max_completion_tokens: 24,
  temperature: 0,
};

describe('the official openai client', () => {
  test('gets a chat completion, written as the template says', async () => {
    const answer = await client.chat.completions.create(greedy);
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'lm' });
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(answer.system_fingerprint).toMatch(/^fp_/);
    const [choice] = answer.choices;
    expect(choice?.message).toMatchObject({ role: 'assistant', refusal: null });
    // The template of the model, in words: its tokenizer puts <bos> before a completion's prompt.
    const same = await client.completions.create({
      model: 'lm',
      prompt: `mood: ${mood}\nnickname:`,
      max_tokens: 24,
      temperature: 0,
    });
    expect(choice?.message.content).toBe(same.choices[0]?.text);
    expect(choice?.finish_reason).toBe(same.choices[0]?.finish_reason);
    expect(answer.usage).toEqual(same.usage);
  });

  test('gets the same text streamed: first the role, then pieces, the reason, and the usage', async () => {
    const whole = await client.chat.completions.create(greedy);
    const stream = await client.chat.completions.create({
      ...greedy,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]).toMatchObject({
      delta: {},
      finish_reason: whole.choices[0]?.finish_reason,
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(chunks[0]?.object).toBe('chat.completion.chunk');
  });

  test('streams several choices side by side, each with its role and reason', async () => {
    const whole = await client.chat.completions.create({ ...greedy, temperature: 1, seed: 4, n: 3 });
    const stream = client.chat.completions.stream({ ...greedy, temperature: 1, seed: 4, n: 3, stream: true });
    const final = await stream.finalChatCompletion();
    const texts = (answer: OpenAI.ChatCompletion) => answer.choices.map(({ message }) => message.content);
    expect(texts(final)).toEqual(texts(whole));
    expect(new Set(texts(whole)).size).toBeGreaterThan(1);
  });

  test('sends parts of text, a developer and a history', async () => {
    const ask = async (messages: Chat['messages']) =>
      (await client.chat.completions.create({ ...greedy, messages })).choices[0]?.message.content;
    const simple = await ask(greedy.messages);
    expect(await ask([{ role: 'user', content: [{ type: 'text', text: mood }] }])).toBe(simple);
    // This template leaves out what is not the user's.
    expect(
      await ask([
        { role: 'developer', content: 'Be kind.' },
        { role: 'assistant', content: 'How are you?' },
        { role: 'user', content: mood },
      ]),
    ).toBe(simple);
  });

  test('a model without a template gets the plain form', async () => {
    const answer = await client.chat.completions.create({
      ...greedy,
      model: 'plain',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    });
    const same = await client.completions.create({
      model: 'plain',
      prompt: 'system: Be brief.\nuser: Hello\nassistant:',
      max_tokens: 24,
      temperature: 0,
    });
    // A completion's prompt has <bos> before it, which the plain form has not: the tokens after it are the same.
    expect(answer.usage?.prompt_tokens).toBe((same.usage?.prompt_tokens ?? 0) - 1);
  });

  test('stops at strings and tokens, and heeds penalties and biases', async () => {
    const whole = (await client.chat.completions.create(greedy)).choices[0]?.message.content ?? '';
    const stop = whole.slice(5, 8);
    const stopped = await client.chat.completions.create({ ...greedy, stop: ['never met', stop] });
    expect(stopped.choices[0]).toMatchObject({
      message: { content: whole.slice(0, whole.indexOf(stop)) },
      finish_reason: 'stop',
    });
    const never = await client.chat.completions.create({
      ...greedy,
      max_completion_tokens: 5,
      stop: 'never met',
    });
    expect(never.choices[0]?.finish_reason).toBe('length');
    const tokens = async (more: object): Promise<string> =>
      (await client.chat.completions.create({ ...greedy, ...more } as Chat)).choices[0]?.message.content ??
      '';
    expect(await tokens({ logit_bias: { 7: 100 }, max_tokens: 3 })).not.toBe(await tokens({ max_tokens: 3 }));
    expect(await tokens({ repetition_penalty: 10 })).not.toBe(whole);
    expect(await tokens({ frequency_penalty: 2, presence_penalty: 2 })).not.toBe(whole);
    expect(await tokens({ min_p: 1, temperature: 2 })).toBe(whole);
    expect(await tokens({ top_k: 1, temperature: 2 })).toBe(whole);
  });

  test('is accounted for: prefill, decode, time to first token and per token, as a chat', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({ ...greedy, n: 2, temperature: 1, seed: 3, logit_bias: { 2: -100 }, stream: true })
      .withResponse();
    let pieces = 0;
    for await (const chunk of stream) pieces += chunk.choices[0]?.delta.content ? 1 : 0;
    const trace = await server.get<{
      readonly total_ms: number;
      readonly ttft_ms: number;
      readonly device_ms: number;
      readonly n_iterations: number;
      readonly generation: Record<'tokens' | 'prefill_ms' | 'decode_ms' | 'time_per_output_token_ms', number>;
      readonly phases: readonly { name: string; start_ms: number; duration_ms: number }[];
    }>(`/profiling/traces/${response.headers.get('x-event-id')}`);
    const { generation, phases } = trace;
    expect(generation.tokens).toBe(48);
    // The role is no output: the first token is the first text.
    expect(trace.n_iterations).toBe(pieces);
    const run = phases.find(({ name }) => name === 'run');
    expect(trace.ttft_ms).toBeGreaterThanOrEqual((run?.start_ms ?? 0) + generation.prefill_ms);
    expect(generation.prefill_ms).toBeGreaterThan(0);
    // 23 steps that both texts share, not 47 one after the other.
    expect(generation.time_per_output_token_ms).toBeGreaterThan(generation.decode_ms / 40);
    expect(generation.time_per_output_token_ms).toBeLessThan(generation.decode_ms / 20);
    expect(phases.reduce((sum, { duration_ms }) => sum + duration_ms, 0)).toBeCloseTo(trace.total_ms, 3);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(
      /gen_ai_server_request_duration_seconds_count\{.*gen_ai_operation_name="chat".*\} [1-9]/,
    );
    expect(metrics).toMatch(/gen_ai_server_time_per_output_token_seconds_count\{.*\} [1-9]/);
    expect(metrics).toMatch(/inference_batch_dispatches_total\{model="lm",reason="prefill"\} [1-9]/);
    expect(metrics).toMatch(/inference_batch_dispatches_total\{model="lm",reason="decode"\} [1-9]/);
  });

  test('aborts in mid-stream: the generation ends, and the place is free', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({
        ...greedy,
        max_completion_tokens: 200,
        temperature: 2,
        logit_bias: { 2: -100 },
        n: 8,
        stream: true,
      })
      .withResponse();
    let pieces = 0;
    for await (const _ of stream) if (++pieces === 20) break;
    stream.controller.abort();
    const eventId = response.headers.get('x-event-id');
    const trace = await waitFor('the trace', async () => {
      const found = await fetch(`${server.url}/profiling/traces/${eventId}`);
      return found.ok
        ? ((await found.json()) as { status: number; generation: { tokens: number } })
        : undefined;
    });
    expect(trace.status).toBe(499);
    expect(trace.generation.tokens).toBeLessThan(8 * 190);
    expect((await client.chat.completions.create(greedy)).choices).toHaveLength(1);
  });

  const user = { role: 'user', content: 'hi' };
  test.each<[string, object, number, string | null, string]>([
    ['no messages', { messages: [] }, 400, 'invalid_value', 'messages'],
    ['messages that are none', { messages: 'hi' }, 400, 'invalid_value', 'messages'],
    [
      'a role that does not exist',
      { messages: [{ role: 'king', content: 'hi' }] },
      400,
      'invalid_value',
      'messages[0].role',
    ],
    [
      'a message without content',
      { messages: [{ role: 'user' }] },
      400,
      'invalid_value',
      'messages[0].content',
    ],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      400,
      'invalid_value',
      'messages[0].content',
    ],
    [
      'a prompt past the context',
      { messages: [{ role: 'user', content: 'tired '.repeat(900) }] },
      400,
      'context_length_exceeded',
      'messages',
    ],
    [
      'a text of megabytes',
      { messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] },
      400,
      'context_length_exceeded',
      'messages',
    ],
    [
      'more tokens than the context',
      { max_completion_tokens: 5000 },
      400,
      'context_length_exceeded',
      'max_completion_tokens',
    ],
    ['a negative temperature', { temperature: -1 }, 400, 'invalid_value', 'temperature'],
    ['top_p of 0', { top_p: 0 }, 400, 'invalid_value', 'top_p'],
    ['a penalty out of range', { presence_penalty: 3 }, 400, 'invalid_value', 'presence_penalty'],
    ['a bias of a token that is none', { logit_bias: { 99999: 1 } }, 400, 'invalid_value', 'logit_bias'],
    ['a stop string that is empty', { stop: [''] }, 400, 'invalid_value', 'stop[0]'],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, 400, 'invalid_value', 'tools[0]'],
    [
      'JSON as format',
      { response_format: { type: 'json_object' } },
      400,
      'invalid_value',
      'response_format.type',
    ],
    ['logprobs', { logprobs: true }, 400, 'invalid_value', 'logprobs'],
    ['an unknown model', { model: 'gpt-9' }, 404, 'model_not_found', 'model'],
    ['a model that embeds', { model: 'encoder' }, 400, 'invalid_value', 'model'],
  ])('%s is refused, streamed or not', async (_name, more, status, code, param) => {
    for (const stream of [false, true]) {
      const asked = client.chat.completions.create({ ...greedy, messages: [user], ...more, stream } as never);
      const error = await asked.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ status, code, param, type: 'invalid_request_error' });
    }
  });
});

test('a template that refuses messages is told as the request’s fault', async () => {
  await using dir = await tempDir('strict-chat');
  cpSync(lmDir, dir.path, { recursive: true });
  // The file wins over tokenizer_config.json.
  writeFileSync(
    join(dir.path, 'chat_template.jinja'),
    "{{ bos_token }}{% if messages[0]['role'] != 'user' %}{{ raise_exception('the user speaks first') }}{% endif %}" +
      "{{ strftime_now('%Y') }} {{ messages[0]['content'] }}",
  );
  const strict = await startServer({ args: ['--model', `strict=${dir.path}`, '--executors', '1'] });
  try {
    const ask = (role: string) =>
      strict.post('/v1/chat/completions', { messages: [{ role, content: 'hi' }], max_tokens: 2 });
    expect((await ask('user')).status).toBe(200);
    const refused = await ask('assistant');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { param: 'messages', message: expect.stringContaining('the user speaks first') },
    });
  } finally {
    await strict.stop();
  }
});
