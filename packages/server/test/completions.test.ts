import { waitFor } from '@inferometer/testkit';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lmDir, startServer, type TestServer } from './serving.ts';

let server: TestServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer({ args: ['--model', `lm=${lmDir}`] });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server?.stop());

interface StreamTrace {
  readonly total_ms: number;
  readonly ttft_ms: number;
  readonly fn_call_ms: number;
  readonly device_ms: number;
  readonly n_iterations: number;
  readonly phases: readonly { name: string; duration_ms: number; count: number }[];
}

const prompt = 'mood: I could sleep all day\n';
const greedy = { model: 'lm', prompt, max_tokens: 24, temperature: 0 } as const;

test('the official openai client gets a completion with usage', async () => {
  const answer = await client.completions.create(greedy);
  const [choice] = answer.choices;
  expect(answer.object).toBe('text_completion');
  expect(choice?.text.length).toBeGreaterThan(0);
  expect(['stop', 'length']).toContain(choice?.finish_reason);
  expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(24);
  expect(answer.usage?.total_tokens).toBe(
    (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
  );
});

test('the official openai client gets the same text streamed, piece by piece', async () => {
  const whole = await client.completions.create(greedy);
  const stream = await client.completions.create({
    ...greedy,
    stream: true,
    stream_options: { include_usage: true },
  });
  const pieces: string[] = [];
  let reason: string | null = null;
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    for (const choice of chunk.choices) {
      pieces.push(choice.text);
      reason = choice.finish_reason ?? reason;
    }
    usage = chunk.usage;
  }
  expect(pieces.join('')).toBe(whole.choices[0]?.text);
  expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(3);
  expect(reason).toBe(whole.choices[0]?.finish_reason);
  expect(usage).toEqual(whole.usage);
});

test('a seed gives the same text again, and concurrent generations do not mix', async () => {
  const ask = async (seed: number): Promise<string> => {
    const answer = await client.completions.create({ ...greedy, temperature: 0.9, seed });
    return answer.choices[0]?.text ?? '';
  };
  const seeds = Array.from({ length: 12 }, (_, i) => i);
  const alone: string[] = [];
  for (const seed of seeds) alone.push(await ask(seed));
  expect(await Promise.all(seeds.map(ask))).toEqual(alone);
  expect(new Set(alone).size).toBeGreaterThan(1);
});

test('stop ends the text before the string, n and several prompts give a choice each', async () => {
  const whole = (await client.completions.create(greedy)).choices[0]?.text ?? '';
  const stop = whole.slice(4, 7);
  const stopped = await client.completions.create({ ...greedy, stop });
  expect(stopped.choices[0]?.text).toBe(whole.slice(0, whole.indexOf(stop)));
  expect(stopped.choices[0]?.finish_reason).toBe('stop');
  const several = await client.completions.create({
    ...greedy,
    prompt: [prompt, 'mood: happy\n'],
    n: 2,
    echo: true,
  });
  expect(several.choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3]);
  expect(several.choices[3]?.text.startsWith('mood: happy\n')).toBe(true);
});

test('a prompt over the context is refused with the numbers', async () => {
  await expect(client.completions.create({ ...greedy, prompt: 'tired '.repeat(1000) })).rejects.toMatchObject(
    {
      status: 400,
      code: 'context_length_exceeded',
      param: 'prompt',
    },
  );
  await expect(client.completions.create({ ...greedy, max_tokens: 100_000 })).rejects.toMatchObject({
    status: 400,
    param: 'max_tokens',
    message: expect.stringContaining('context'),
  });
});

test('a client that goes away ends its generation and is recorded as gone', async () => {
  const leave = new AbortController();
  const response = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'lm',
      prompt,
      max_tokens: 200,
      n: 16,
      stream: true,
      temperature: 2,
      seed: 1,
    }),
    signal: leave.signal,
  });
  const eventId = response.headers.get('x-event-id');
  await response.body?.getReader().read();
  leave.abort();
  const trace = await waitFor('the trace of the aborted request', async () => {
    const found = await fetch(`${server.url}/profiling/traces/${eventId}`);
    return found.ok ? ((await found.json()) as { status: number; error_type: string }) : undefined;
  });
  expect(trace).toMatchObject({ status: 499, error_type: 'client_disconnected' });
  // The places are free again: a new request is not kept waiting.
  expect((await client.completions.create({ ...greedy, max_tokens: 2 })).choices).toHaveLength(1);
});

test('a streamed generation is accounted for: ttft, tokens, and phases that sum to the total', async () => {
  const response = await server.post('/v1/completions', { ...greedy, stream: true });
  const text = await response.text();
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  const eventId = response.headers.get('x-event-id');
  const trace = await server.get<StreamTrace>(`/profiling/traces/${eventId}`);
  const { phases } = trace;
  const sum = phases.reduce((total, phase) => total + phase.duration_ms, 0);
  expect(Math.abs(sum - trace.total_ms)).toBeLessThan(0.0005);
  expect(trace.ttft_ms).toBeGreaterThan(0);
  expect(trace.ttft_ms).toBeLessThan(trace.total_ms);
  expect(trace.n_iterations).toBeGreaterThan(3);
  expect(trace.device_ms).toBeCloseTo(trace.fn_call_ms, 1);
  expect(phases.find((phase) => phase.name === 'run')?.count).toBeGreaterThan(3);
  expect(phases.map((phase) => phase.name)).toContain('stream');
});
