// Checks that @huggingface/tokenizers gives the recorded ids and decodes the language model's back to the text.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const here = new URL('.', import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, here), 'utf8'));
const load = (name) =>
  new Tokenizer(
    read(`../../packages/server/models/${name}/tokenizer.json`),
    read(`../../packages/server/models/${name}/tokenizer_config.json`),
  );

const encoder = load('nickname-encoder');
const lm = load('nickname-lm');
const rows = read('data/token-ids.json');
const failures = [];
for (const { text, encoder: encoderIds, lm: lmIds } of rows) {
  const expect = (name, actual, expected) => {
    try {
      assert.deepEqual(actual, expected);
    } catch {
      failures.push({ name, text, actual, expected });
    }
  };
  expect('encoder ids', encoder.encode(text).ids, encoderIds);
  expect('lm ids', lm.encode(text).ids, lmIds);
  if (!text.includes('<eos>')) {
    expect('lm text', lm.decode(lmIds, { skip_special_tokens: true }), text);
  }
}
console.log(
  JSON.stringify({ ok: failures.length === 0, sentences: rows.length, failures: failures.slice(0, 20) }),
);
process.exitCode = failures.length === 0 ? 0 : 1;
