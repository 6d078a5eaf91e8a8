import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chooseVariant, type GraphVariant, listVariants, readModelDirectory } from '@inferometer/engine';
import { tempDir } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const encoder = join(import.meta.dirname, '../../server/models/nickname-encoder');

/** As sentence-transformers uploads them. */
const files = [
  'onnx/model.onnx',
  'onnx/model_O4.onnx',
  'onnx/model_fp16.onnx',
  'onnx/model_qint8_arm64.onnx',
  'onnx/model_qint8_avx512.onnx',
  'onnx/model_qint8_avx512_vnni.onnx',
  'onnx/model_quint8_avx2.onnx',
];

async function modelDir(names: readonly string[]) {
  const dir = await tempDir('variants');
  for (const name of names) {
    mkdirSync(dirname(dir.file(name)), { recursive: true });
    copyFileSync(join(encoder, 'model_int8.onnx'), dir.file(name));
  }
  copyFileSync(join(encoder, 'tokenizer.json'), dir.file('tokenizer.json'));
  return dir;
}

test.each([
  ['fp32', 'onnx/model.onnx'],
  ['fp16', 'onnx/model_fp16.onnx'],
  ['O4', 'onnx/model_O4.onnx'],
  ['qint8_arm64', 'onnx/model_qint8_arm64.onnx'],
  ['model_O4.onnx', 'onnx/model_O4.onnx'],
  ['onnx/model_fp16.onnx', 'onnx/model_fp16.onnx'],
  [undefined, 'onnx/model.onnx'],
])('variant %s is %s', async (variant, file) => {
  await using dir = await modelDir(files);
  expect(readModelDirectory(dir.path, variant).graph).toBe(dir.file(file));
});

const on = (arch: string, ...features: string[]) => ({ arch, features: new Set(features) });
test.each([
  ['x64 with VNNI', on('x64', 'avx2', 'avx512f', 'avx512_vnni'), 'qint8_avx512_vnni'],
  ['x64 with AVX-512', on('x64', 'avx2', 'avx512f'), 'qint8_avx512'],
  ['x64 with AVX2 alone', on('x64', 'avx2'), 'quint8_avx2'],
  ['arm64', on('arm64'), 'qint8_arm64'],
])('int8 on %s is the one made for it', async (_what, processor, name) => {
  await using dir = await modelDir(files);
  expect(chooseVariant(listVariants(dir.path), 'int8', processor)?.name).toBe(name);
});

test('int8 prefers a graph that is called so, and knows Optimum’s name for it', () => {
  const variants = ['quantized', 'int8'].map((name): GraphVariant => ({ name, file: `model_${name}.onnx` }));
  expect(chooseVariant(variants, 'int8', on('x64'))?.name).toBe('int8');
  expect(chooseVariant(variants.slice(0, 1), 'int8', on('x64'))?.name).toBe('quantized');
});

test('a variant that is not there: the error names those that are', async () => {
  await using dir = await modelDir(['model.onnx', 'model_quantized.onnx']);
  expect(() => readModelDirectory(dir.path, 'fp16')).toThrow(
    `${dir.path} has no graph of variant "fp16", it has fp32 (model.onnx), quantized (model_quantized.onnx)`,
  );
  await using other = await modelDir(['onnx/model_quantized.onnx']);
  expect(() => readModelDirectory(other.path)).toThrow(
    'expected model.onnx or onnx/model.onnx in it; its variants are quantized (onnx/model_quantized.onnx)',
  );
});
