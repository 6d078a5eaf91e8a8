import { cp } from 'node:fs/promises';
import { describeWithParts, type Inferometer, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportedModel, exportModel, runScript } from './export-model.ts';
import { cosine, norm, pooledTexts, type ReferenceText, reference } from './reference.ts';
import { embed, openAiEmbeddings, startServer } from './start-server.ts';

/** Both compute in float32, so that what remains is far less; a wrong token or pooling is far more. */
const lowestCosine = 0.9999;
/** What 8 bits may cost: measured 0.99 for English sentences. */
const lowestInt8Cosine = 0.95;
/** Loading and warming up, on a busy machine too, ms. */
const startMs = 180_000;
const answerMs = 120_000;

describeWithParts('all-MiniLM-L6-v2, exported and served', ['python'], () => {
  let dir: string;
  let server: Inferometer;

  beforeAll(async () => {
    dir = await exportedModel();
    server = await startServer({ minilm: dir });
  }, startMs);

  afterAll(async () => {
    await server?.process.stop();
  });

  test('the exported graph gives the vectors of sentence-transformers', { timeout: answerMs }, async () => {
    const { code, stdout, stderr } = await runScript('check.py', [dir]);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${reference.texts.length} texts`);
  });

  test('/embed gives them for each text on its own', { timeout: answerMs }, async () => {
    for (const row of reference.texts) {
      const vectors = await embed(server, row.text);
      expectClose(vectors, [row]);
      expect(norm(vectors[0] as number[])).toBeCloseTo(1, 5);
    }
  });

  test('/embed gives them for batches of all sizes at the same time', { timeout: answerMs }, async () => {
    const batches = [1, 2, 3, 5, 8, 13, reference.texts.length].flatMap(batchesOf);
    await Promise.all(
      batches.map(async (rows) => {
        const vectors = await embed(
          server,
          rows.map((row) => row.text),
        );
        expectClose(vectors, rows);
      }),
    );
  });

  test('/v1/embeddings gives them with the tokens that were counted', { timeout: answerMs }, async () => {
    await Promise.all(
      [1, 7, reference.texts.length].flatMap(batchesOf).map(async (rows) => {
        const answer = await openAiEmbeddings(server, {
          model: 'minilm',
          input: rows.map((row) => row.text),
        });
        expect(answer).toMatchObject({ object: 'list', model: 'minilm' });
        expect(answer.data.map((item) => item.index)).toEqual(Array.from(rows.keys()));
        expectClose(
          answer.data.map((item) => item.embedding as number[]),
          rows,
        );
        const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
        expect(answer.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
      }),
    );
  });

  test('/v1/embeddings gives the same numbers as base64', { timeout: answerMs }, async () => {
    const row = textNamed('korean and english');
    const request = { model: 'minilm', input: row.text };
    const [plain, packed] = await Promise.all([
      openAiEmbeddings(server, request),
      openAiEmbeddings(server, { ...request, encoding_format: 'base64' }),
    ]);
    const vector = floats(packed.data[0]?.embedding as string);
    expectClose([vector], [row]);
    expect(cosine(vector, plain.data[0]?.embedding as number[])).toBeGreaterThan(1 - 1e-6);
  });

  test('a text is cut where sentence-transformers cuts it', { timeout: answerMs }, async () => {
    const cut = textNamed('truncated');
    expect(cut.tokens).toBe(reference.max_seq_length);
    const { usage } = await openAiEmbeddings(server, { model: 'minilm', input: cut.text });
    expect(usage.prompt_tokens).toBe(reference.max_seq_length);
    // Were it not cut, the vector would be another one.
    const [whole, beginning] = await embed(server, [cut.text, cut.text.slice(0, cut.text.length / 8)]);
    expectClose([whole as number[]], [cut]);
    expect(cosine(beginning as number[], cut.embedding)).toBeLessThan(lowestCosine);
  });

  test('what it served shows in /metrics', { timeout: answerMs }, async () => {
    await embed(server, 'one more');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const count = /^inference_request_duration_seconds_count\{[^}]*model="minilm"[^}]*\} (\d+)$/m.exec(
      metrics,
    );
    expect(Number(count?.[1])).toBeGreaterThan(reference.texts.length);
    for (const phase of ['preprocess', 'queue', 'run', 'postprocess']) {
      expect(metrics).toMatch(
        new RegExp(`^inference_phase_duration_seconds_count\\{[^}]*phase="${phase}"`, 'm'),
      );
    }
  });
});

describeWithParts('other exports of all-MiniLM-L6-v2, served side by side', ['python'], () => {
  const variants: Readonly<Record<string, { flags: readonly string[]; rows: readonly ReferenceText[] }>> = {
    cls: { flags: ['--pooling', 'cls'], rows: pooledTexts('cls', true) },
    max: { flags: ['--pooling', 'max'], rows: pooledTexts('max', true) },
    'max-as-is': { flags: ['--pooling', 'max', '--no-normalize'], rows: pooledTexts('max', false) },
    'no-token-type-ids': { flags: ['--no-token-type-ids'], rows: reference.texts },
  };
  const resources = new AsyncDisposableStack();
  let server: Inferometer;

  beforeAll(async () => {
    const folder = resources.use(await tempDir('sbert'));
    const dirs = Object.fromEntries(Object.keys(variants).map((name) => [name, folder.file(name)]));
    for (const [name, { flags }] of Object.entries(variants))
      await exportModel(dirs[name] as string, ...flags);
    // One process each: it is not speed that is tested, and four of them are enough.
    server = resources.use(await startServer(dirs, ['--executors', '1']));
  }, startMs);

  afterAll(() => resources.disposeAsync());

  for (const [model, { rows }] of Object.entries(variants)) {
    test(`${model}: the vectors of sentence-transformers`, { timeout: answerMs }, async () => {
      expect(rows.length).toBeGreaterThan(0);
      const texts = rows.map((row) => row.text);
      const [together, ...alone] = await Promise.all([
        embed(server, texts, model),
        ...texts.map((text) => embed(server, text, model)),
      ]);
      for (const vectors of [together, alone.flat()]) {
        expectClose(vectors, rows);
        const lengths = vectors.map((vector, index) => norm(vector) / norm(rows[index]?.embedding ?? []));
        for (const ratio of lengths) expect(ratio).toBeCloseTo(1, 4);
      }
    });
  }

  test('quantize.py makes the variant int8, which is served by its name', { timeout: startMs }, async () => {
    await using root = await tempDir('int8');
    const copy = root.file('model');
    await cp(await exportedModel(), copy, { recursive: true });
    const { code, stderr } = await runScript('quantize.py', [copy]);
    expect(code, stderr).toBe(0);
    await using small = await startServer({ 'minilm:int8': copy });
    const rows = reference.texts.slice(0, 8);
    for (const { name, text, embedding } of rows) {
      const [vector = []] = await embed(small, text);
      expect(cosine(vector, embedding), name).toBeGreaterThan(lowestInt8Cosine);
      // It is another graph: the one in float32 would give them to seven digits.
      expect(cosine(vector, embedding), name).toBeLessThan(lowestCosine);
    }
  });
});

/** One vector a text, in their order, each as close as it has to be; names the text that is not. */
function expectClose(vectors: readonly (readonly number[])[], rows: readonly ReferenceText[]): void {
  expect(vectors.length).toBe(rows.length);
  const cosines = rows.map(({ name, embedding }, index) => ({
    name,
    cosine: cosine(vectors[index] as number[], embedding),
  }));
  // Written so that NaN is found too.
  expect(cosines.filter((row) => !(row.cosine > lowestCosine))).toEqual([]);
}

/** All texts in batches of `size`, the last one shorter; each size begins with another text. */
function batchesOf(size: number): ReferenceText[][] {
  const { texts } = reference;
  const rotated = [...texts.slice(size % texts.length), ...texts.slice(0, size % texts.length)];
  return Array.from({ length: Math.ceil(rotated.length / size) }, (_, index) =>
    rotated.slice(index * size, (index + 1) * size),
  );
}

function textNamed(name: string): ReferenceText {
  const row = reference.texts.find((text) => text.name === name);
  if (row === undefined) throw new Error(`fixtures/reference.json has no text ${name}`);
  return row;
}

/** Little-endian float32 in base64. */
function floats(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}
