/**
 * Models on a real GPU, as part of `npm run test:gpu`: the same answers as on the CPU, and device time that says where it
 * was. Skipped, and said so, where CUDA cannot be used.
 */
import { fileURLToPath } from 'node:url';
import { type BatchRecord, createTelemetry, InferometerError } from '@inferometer/core';
import { loadModel, type Model, type ModelOptions, readModelDirectory } from '@inferometer/engine';
import { afterAll, describe, expect, test } from 'vitest';

const bundled = (name: string) =>
  readModelDirectory(fileURLToPath(new URL(`../../server/models/${name}`, import.meta.url)));
const encoder = bundled('nickname-encoder');
const lm = bundled('nickname-lm');
const texts = ['I could sleep all day', 'a bear', 'three tired pandas in the rain'];

const opened: Model[] = [];
const runs: BatchRecord[] = [];
const uses: { readonly device: string; readonly ms: number }[] = [];
const telemetry = createTelemetry({
  observers: [
    {
      batchEnded: (run) => void runs.push(run),
      deviceUsed: (_model, _tenant, device, ms) => void uses.push({ device, ms }),
    },
  ],
});

async function open(directory: typeof encoder, options: ModelOptions): Promise<Model> {
  const model = await loadModel('m', directory, telemetry, { warmUpMs: 0, soloThreads: 0, ...options });
  opened.push(model);
  return model;
}

async function vectorsOf(options: ModelOptions): Promise<Float32Array[]> {
  const model = await open(encoder, options);
  if (model.kind !== 'embedding') throw new Error('expected a model that embeds');
  return model.embed(texts.map((text) => model.tokenizer.encode(text, 64)));
}

async function continuationOf(options: ModelOptions): Promise<string> {
  const model = await open(lm, options);
  if (model.kind !== 'generative') throw new Error('expected a model that generates');
  const { ids } = model.tokenizer.encode('feeling: sleepy\nnickname:', 64);
  const sampling = { maxTokens: 20, temperature: 0, topK: 0, topP: 1, seed: 0 };
  return (await model.generate(ids, { sampling })).text;
}

const unusable = await open(encoder, { device: 'cuda' }).then(
  () => undefined,
  (error: unknown) => {
    // Whatever else goes wrong is a failure of the suite.
    if (error instanceof InferometerError && error.code === 'DEVICE_UNAVAILABLE') return error.message;
    throw error;
  },
);
if (unusable) console.log(`models on a GPU are not tested: ${unusable}`);

describe.skipIf(unusable)('on cuda:0', () => {
  afterAll(async () => {
    await Promise.all(opened.map((model) => model.close()));
  });

  test('vectors point where those of the CPU do, and device time is the GPU’s', async () => {
    uses.length = 0;
    runs.length = 0;
    const onGpu = await vectorsOf({ device: 'cuda' });
    expect(new Set(uses.map(({ device }) => device))).toEqual(new Set(['cuda:0']));
    const ns = (ms: number): number => Math.round(ms * 1e6);
    expect(uses.reduce((sum, { ms }) => sum + ns(ms), 0)).toBe(
      runs.reduce((sum, { runStart, runEnd }) => sum + ns(runEnd - runStart), 0),
    );
    const onCpu = await vectorsOf({ device: 'cpu' });
    onGpu.forEach((vector, text) => {
      const cosine = vector.reduce((sum, value, i) => sum + value * (onCpu[text]?.[i] ?? Number.NaN), 0);
      // CUDA multiplies in TF32, of ten bits.
      expect(cosine).toBeGreaterThan(0.999);
    });
  });

  test('a greedy text is the CPU’s', async () => {
    uses.length = 0;
    const onGpu = await continuationOf({ device: 'cuda' });
    expect(new Set(uses.map(({ device }) => device))).toEqual(new Set(['cuda:0']));
    // Rounding may tip a draw between two tokens that are as likely; the beginning is beyond doubt.
    expect(onGpu.slice(0, 10)).toBe((await continuationOf({ device: 'cpu' })).slice(0, 10));
  });
});
