import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cosine, encoderDir, startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ args: ['--model', `encoder=${encoderDir}`] });
});
afterAll(() => server?.stop());

const texts = [
  'I could sleep all day',
  '오늘은 너무 졸려요',
  'so angry!',
  'a',
  `${'long and tired '.repeat(30)}`,
];

async function embed(inputs: string | string[]): Promise<number[][]> {
  const response = await server.post('/embed', { inputs });
  expect(response.status).toBe(200);
  return (await response.json()) as number[][];
}

test('TEI: one text or many, vectors of length 1 in the order of the texts', async () => {
  const [single] = await embed(texts[0] as string);
  const many = await embed(texts);
  expect(many).toHaveLength(texts.length);
  for (const vector of many) expect(cosine(vector, vector)).toBeCloseTo(1, 5);
  expect(cosine(single as number[], many[0] as number[])).toBeGreaterThan(0.99999);
});

test('concurrent requests share batches and none gets the vector of another', async () => {
  const truth = new Map<string, number[]>();
  const words = Array.from({ length: 60 }, (_, i) => `${texts[i % texts.length]} number ${i}`);
  for (const word of words) truth.set(word, (await embed(word))[0] as number[]);
  const calls = Array.from({ length: 40 }, (_, i) => words.slice(i, i + 1 + (i % 20)));
  const answers = await Promise.all(calls.map((call) => embed(call)));
  for (const [index, call] of calls.entries()) {
    for (const [row, word] of call.entries()) {
      const vector = answers[index]?.[row] as number[];
      const difference = Math.max(...vector.map((value, i) => Math.abs(value - (truth.get(word)?.[i] ?? 9))));
      expect(difference, word).toBeLessThan(1e-5);
    }
  }
  const traces = await server.get<{ batches: { size: number }[] }[]>('/profiling/traces?last_n=40');
  expect(Math.max(...traces.flatMap((trace) => trace.batches.map((batch) => batch.size)))).toBeGreaterThan(
    20,
  );
});

test('the official openai client gets embeddings, as floats and as base64', async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const truth = await embed(texts);
  for (const format of ['float', 'base64', undefined] as const) {
    const answer = await client.embeddings.create({
      model: 'encoder',
      input: texts,
      ...(format ? { encoding_format: format } : {}),
    });
    expect(answer.model).toBe('encoder');
    expect(answer.usage.total_tokens).toBeGreaterThan(texts.length);
    expect(answer.data.map((item) => item.index)).toEqual([0, 1, 2, 3, 4]);
    for (const [index, item] of answer.data.entries()) {
      const vector =
        format === 'base64'
          ? [...new Float32Array(Uint8Array.from(Buffer.from(String(item.embedding), 'base64')).buffer)]
          : item.embedding;
      expect(cosine(vector, truth[index] as number[])).toBeGreaterThan(0.99999);
    }
  }
  const models = await client.models.list();
  expect(models.data.map((model) => model.id)).toEqual(['encoder']);
  expect(await client.models.retrieve('encoder')).toMatchObject({ id: 'encoder', object: 'model' });
  await expect(client.models.retrieve('nope')).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  });
});

test('dimensions shortens vectors and scales them to length 1', async () => {
  const response = await server.post('/v1/embeddings', { input: 'hello', dimensions: 16 });
  const { data } = (await response.json()) as { data: { embedding: number[] }[] };
  expect(data[0]?.embedding).toHaveLength(16);
  expect(cosine(data[0]?.embedding as number[], data[0]?.embedding as number[])).toBeCloseTo(1, 5);
});

test('TEI: normalize false leaves vectors as pooling made them', async () => {
  const response = await server.post('/embed', { inputs: 'sleepy', normalize: false });
  const [raw] = (await response.json()) as number[][];
  const [unit] = await embed('sleepy');
  const length = Math.hypot(...(raw as number[]));
  expect(Math.abs(length - 1)).toBeGreaterThan(0.01);
  expect(cosine(raw as number[], unit as number[]) / length).toBeCloseTo(1, 5);
});

test('token ids are taken in place of text', async () => {
  const response = await server.post('/v1/embeddings', {
    input: [
      [1, 5, 7],
      [2, 9],
    ],
  });
  const { data, usage } = (await response.json()) as { data: unknown[]; usage: { prompt_tokens: number } };
  expect(data).toHaveLength(2);
  expect(usage.prompt_tokens).toBe(5);
});

test('a text over the model’s length is cut, or refused where truncate is false', async () => {
  const long = 'tired of everything '.repeat(200);
  const [cut] = await embed(long);
  expect(cut).toBeDefined();
  const tei = await server.post('/embed', { inputs: long, truncate: false });
  expect(tei.status).toBe(413);
  expect(await tei.json()).toMatchObject({
    error: expect.stringMatching(/^`inputs`: expected at most \d+ tokens/),
  });
  const openai = await server.post('/v1/embeddings', { input: long, truncate: false });
  expect(openai.status).toBe(400);
  expect(await openai.json()).toMatchObject({ error: { code: 'context_length_exceeded', param: 'input' } });
});

test('nicknames come in the language of the text, the same for the same seed', async () => {
  const ask = async (
    body: object,
  ): Promise<{ language: string; nicknames: { nickname: string; score: number }[] }> => {
    const response = await server.post('/nicknames', body);
    expect(response.status).toBe(200);
    return (await response.json()) as never;
  };
  const english = await ask({ text: 'I did not sleep at all last night', n: 5, seed: 3 });
  expect(english.language).toBe('en');
  expect(english.nicknames).toHaveLength(5);
  expect(english.nicknames.map((it) => it.nickname)).toEqual(
    (await ask({ text: 'I did not sleep at all last night', n: 5, seed: 3 })).nicknames.map(
      (it) => it.nickname,
    ),
  );
  const scores = english.nicknames.map((it) => it.score);
  expect([...scores].sort((a, b) => b - a)).toEqual(scores);
  const korean = await ask({ text: '어젯밤에 한숨도 못 잤어요' });
  expect(korean.language).toBe('ko');
  for (const { nickname } of korean.nicknames)
    expect(nickname).toMatch(/^\p{Script=Hangul}[\p{Script=Hangul} ]+$/u);
});
