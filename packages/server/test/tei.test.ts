import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cosine, encoderDir, lmDir, startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  const models = ['--model', `e=${encoderDir}`, '--model', `lm=${lmDir}`];
  const limits = [
    '--executors',
    '1',
    '--max-inputs',
    '7',
    '--max-batch-size',
    '5',
    '--max-batch-tokens',
    '640',
    '--max-queue',
    '99',
  ];
  server = await startServer({ args: [...models, ...limits] });
});
afterAll(() => server?.stop());

const embed = async (body: object): Promise<number[][]> => {
  const response = await server.post('/embed', body);
  expect(response.status).toBe(200);
  return (await response.json()) as number[][];
};

test('/info tells the model and its limits, as text-embeddings-inference does', async () => {
  expect(await server.get('/info')).toEqual({
    model_id: 'e',
    model_sha: null,
    model_dtype: 'float32',
    model_type: { embedding: { pooling: 'mean' } },
    max_concurrent_requests: 99,
    max_input_length: 128,
    max_batch_tokens: 640,
    max_batch_requests: 5,
    max_client_batch_size: 7,
    auto_truncate: true,
    tokenization_workers: 1,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    sha: null,
    docker_label: null,
  });
  expect(await server.get('/info?model=e')).toMatchObject({ model_id: 'e' });
  const errors = await Promise.all(
    ['/info?model=nope', '/info?model=lm', '/info?model=e&model=lm'].map(async (path) => {
      const response = await fetch(server.url + path);
      return [response.status, Object.keys((await response.json()) as object).sort()];
    }),
  );
  const keys = ['error', 'error_type'];
  expect(errors).toEqual([
    [404, keys],
    [422, keys],
    [422, keys],
  ]);
});

test('/health is empty and 200 once the models are warm', async () => {
  const response = await fetch(`${server.url}/health`);
  expect([response.status, await response.text()]).toEqual([200, '']);
});

describe('/embed', () => {
  const inputs = ['I could sleep all day', 'what a lovely morning'];

  test('dimensions gives the first ones, scaled to length 1 anew', async () => {
    const [full, short] = await Promise.all([embed({ inputs }), embed({ inputs, dimensions: 16 })]);
    for (const [index, vector] of short.entries()) {
      expect(vector).toHaveLength(16);
      expect(cosine(vector, vector)).toBeCloseTo(1, 5);
      const first = (full[index] as number[]).slice(0, 16);
      const length = Math.hypot(...first);
      for (const [at, value] of vector.entries())
        expect(value).toBeCloseTo((first[at] as number) / length, 5);
    }
  });

  test('truncation_direction takes the side at which the model cuts', async () => {
    const long = 'tired '.repeat(400);
    const [plain, right] = await Promise.all([
      embed({ inputs: long }),
      embed({ inputs: long, truncation_direction: 'Right' }),
    ]);
    expect(right).toEqual(plain);
  });

  test.each([
    [{ dimensions: 0 }, /`dimensions`: expected an integer >= 1/],
    [{ dimensions: 4096 }, /`dimensions`: expected at most the model's 128 dimensions, got 4096/],
    [
      { truncation_direction: 'left' },
      /`truncation_direction`: expected "right", at which model "e" cuts texts, got "left"/,
    ],
    [{ truncation_direction: 'up' }, /`truncation_direction`: expected "left" or "right"/],
    [{ prompt_name: 'query' }, /`prompt_name`: prompts by name are not offered/],
  ])('%j is refused', async (fields, says) => {
    const response = await server.post('/embed', { inputs: 'x', ...fields });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      error: expect.stringMatching(says),
      error_type: 'Validation',
    });
  });
});
