import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom, encodedFromIds, loadTokenizer, readModelDirectory } from '@inferometer/engine';
import { afterAll, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'inferometer-directory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** A directory of these files; those that are objects are written as JSON. */
function directory(files: Readonly<Record<string, unknown>>): string {
  const dir = join(root, String(count++));
  for (const [name, content] of Object.entries({ 'model.onnx': 'graph', 'tokenizer.json': {}, ...files })) {
    if (content === null) continue;
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return dir;
}

const read = (files: Readonly<Record<string, unknown>>) => readModelDirectory(directory(files));

test('without any configuration: mean, normalised, the length of BERT', () => {
  expect(read({})).toMatchObject({
    pooling: { modes: ['mean'], normalize: true },
    maxTokens: 512,
    lowerCase: false,
    truncationSide: 'right',
    prompt: '',
  });
});

test('finds onnx/model.onnx, and takes an .onnx file in either place', () => {
  const dir = directory({ 'model.onnx': null, 'onnx/model.onnx': 'graph', 'onnx/model_int8.onnx': 'graph' });
  expect(readModelDirectory(dir).graph).toBe(join(dir, 'onnx/model.onnx'));
  expect(readModelDirectory(join(dir, 'onnx/model_int8.onnx'))).toMatchObject({
    dir,
    graph: join(dir, 'onnx/model_int8.onnx'),
    tokenizer: join(dir, 'tokenizer.json'),
  });
});

test.each<[string, object, string[]]>([
  ['the flag of one mode', { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, ['cls']],
  ['max', { pooling_mode_max_tokens: true }, ['max']],
  ['flags of two modes', { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }, ['cls', 'mean']],
  ['the name of newer releases', { pooling_mode: 'lasttoken' }, ['lasttoken']],
])('pools by %s', (_what, config, modes) => {
  expect(read({ '1_Pooling/config.json': config }).pooling.modes).toEqual(modes);
});

test('modules.json says where pooling is configured and whether vectors are normalised', () => {
  const transformer = { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' };
  const pooling = { idx: 1, name: '1', path: 'pool_here', type: 'sentence_transformers.models.Pooling' };
  const normalize = {
    idx: 2,
    name: '2',
    path: '2_Normalize',
    type: 'sentence_transformers.models.Normalize',
  };
  const files = { 'pool_here/config.json': { pooling_mode_max_tokens: true } };
  expect(read({ ...files, 'modules.json': [transformer, pooling] }).pooling).toMatchObject({
    modes: ['max'],
    normalize: false,
  });
  expect(read({ ...files, 'modules.json': [transformer, pooling, normalize] }).pooling.normalize).toBe(true);
});

test.each<[string, Readonly<Record<string, unknown>>, number]>([
  [
    'sentence_bert_config.json first',
    {
      'sentence_bert_config.json': { max_seq_length: 256 },
      'config.json': { max_position_embeddings: 512 },
      'tokenizer_config.json': { model_max_length: 128 },
    },
    256,
  ],
  [
    'then the tokenizer’s',
    { 'tokenizer_config.json': { model_max_length: 128 }, 'config.json': { max_position_embeddings: 512 } },
    128,
  ],
  [
    'never more than there are positions',
    {
      'sentence_bert_config.json': { max_seq_length: 1024 },
      'config.json': { max_position_embeddings: 512 },
    },
    512,
  ],
  [
    'positions of RoBERTa start behind the padding',
    { 'config.json': { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1 } },
    512,
  ],
  ['the tokenizer’s "no limit" is none', { 'tokenizer_config.json': { model_max_length: 1e30 } }, 512],
])('length: %s', (_what, files, maxTokens) => {
  expect(read(files).maxTokens).toBe(maxTokens);
});

test('the default prompt, lower case and the side to cut at', () => {
  expect(
    read({
      'config_sentence_transformers.json': {
        prompts: { query: 'query: ', passage: 'passage: ' },
        default_prompt_name: 'query',
      },
      'sentence_bert_config.json': { do_lower_case: true },
      'tokenizer_config.json': { truncation_side: 'left' },
    }),
  ).toMatchObject({ prompt: 'query: ', lowerCase: true, truncationSide: 'left' });
});

const encoder = readModelDirectory(
  fileURLToPath(new URL('../../server/models/nickname-encoder', import.meta.url)),
);

test('truncation cuts content and keeps the special tokens at both ends, at the side that is said', () => {
  const text = 'I could sleep all day and all night';
  const tokenizer = loadTokenizer(encoder);
  const whole = [...tokenizer.encode(text, 1000).ids];
  expect(whole.length).toBeGreaterThan(8);
  const cut = tokenizer.encode(text, 6);
  expect(cut.isCut).toBe(true);
  expect(tokenizer.encode(text, whole.length).isCut).toBe(false);
  expect([...cut.ids]).toEqual([...whole.slice(0, 5), whole.at(-1)]);
  const left = loadTokenizer({ ...encoder, truncationSide: 'left' }).encode(text, 6);
  expect([...left.ids]).toEqual([whole[0], ...whole.slice(-5)]);
});

test.each([
  ['nickname-encoder', 128],
  ['nickname-lm', 64],
])('%s: a long text cut early has the tokens of the whole text', (name, maxTokens) => {
  const dir = fileURLToPath(new URL(`../../server/models/${name}`, import.meta.url));
  const tokenizer = loadTokenizer(readModelDirectory(dir));
  const random = createRandom(11);
  const words = [
    'tired',
    '졸린',
    'I',
    "can't",
    'sleep;',
    '🦦',
    'über',
    'x'.repeat(30),
    '12345',
    '\n\n',
    '漢字',
    '…',
  ];
  for (let round = 0; round < 40; round++) {
    const count = 200 + Math.floor(random() * 800);
    const text = Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(
      random() < 0.5 ? ' ' : '  ',
    );
    const whole = [...tokenizer.encode(text, 1_000_000).ids];
    const cut = [...tokenizer.encode(text, maxTokens).ids];
    const special = name === 'nickname-encoder' ? 1 : 0;
    expect(cut).toEqual([
      ...whole.slice(0, maxTokens - special),
      ...whole.slice(whole.length - special, whole.length),
    ]);
  }
});

test('a prompt and lower case change what is split', () => {
  const plain = loadTokenizer(encoder);
  const prompted = loadTokenizer({ ...encoder, prompt: 'so ' });
  expect(prompted.encode('tired', 64)).toEqual(plain.encode('so tired', 64));
});

test('token ids are checked against the vocabulary', () => {
  const tokenizer = loadTokenizer(encoder);
  const last = tokenizer.vocabularySize - 1;
  expect([...encodedFromIds([0, last], tokenizer, 8, 'input').ids]).toEqual([0, last]);
  for (const wrong of [last + 1, -1, 1.5]) {
    expect(() => encodedFromIds([wrong], tokenizer, 8, 'input')).toThrow(`token id ${wrong} is out of range`);
  }
});
