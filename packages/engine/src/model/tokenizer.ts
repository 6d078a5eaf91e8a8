import { dirname, join } from 'node:path';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { InferometerError, messageOf } from '@inferometer/core';
import type { ModelDirectory } from './directory.ts';
import { invalid, readJsonObject } from './files.ts';

/** A text as token ids. */
export interface Encoded {
  /** Shape [tokens]; special tokens included. */
  readonly ids: Int32Array;
  /** Tokens before truncation. */
  readonly fullLength: number;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  /**
   * @param maxTokens longest result, special tokens included; content is cut, special tokens stay
   */
  encode(text: string, maxTokens: number): Encoded;
  /** The text of tokens, without special ones. */
  decode(ids: readonly number[]): string;
}

/**
 * Loads a directory's tokenizer.json. Its own padding and truncation settings are left aside: batches are padded to
 * their longest row, and texts cut at the model's length.
 * @throws {InferometerError} INVALID_MODEL that names the file
 */
export function loadTokenizer(model: ModelDirectory): Tokenizer {
  const definition = readJsonObject(model.tokenizer);
  const config = readJsonObject(join(dirname(model.tokenizer), 'tokenizer_config.json')) ?? {};
  let hf: HfTokenizer;
  let prefix: number;
  let suffix: number;
  let vocabularySize: number;
  try {
    hf = new HfTokenizer(definition as object, config);
    // What surrounds every text is what the encodings of nothing and of something have in common at the ends.
    const none = hf.encode('').ids;
    const some = hf.encode('a').ids;
    prefix = commonPrefix(none, some);
    suffix = Math.min(commonPrefix([...none].reverse(), [...some].reverse()), none.length - prefix);
    vocabularySize = hf.get_vocab().size;
  } catch (error) {
    throw invalid(`${model.tokenizer} is not a tokenizer: ${messageOf(error)}`, error);
  }
  if (vocabularySize === 0) throw invalid(`${model.tokenizer} is not a tokenizer: its vocabulary is empty`);

  return {
    vocabularySize,
    encode(text, maxTokens) {
      const prompted = model.prompt + text;
      const { ids } = hf.encode(model.lowerCase ? prompted.toLowerCase() : prompted);
      return {
        ids: Int32Array.from(truncate(ids, maxTokens, prefix, suffix, model.truncationSide)),
        fullLength: ids.length,
      };
    },
    decode: (ids) => (ids.length === 0 ? '' : hf.decode(ids as number[], { skip_special_tokens: true })),
  };
}

/**
 * Checks token ids that a caller sends in place of text.
 * @throws {InferometerError} INVALID_INPUT that names the id
 */
export function encodedFromIds(
  ids: readonly number[],
  tokenizer: Tokenizer,
  maxTokens: number,
  field: string,
): Encoded {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= tokenizer.vocabularySize);
  if (wrong !== undefined) {
    const message = `token id ${wrong} is out of range, expected an integer from 0 to ${tokenizer.vocabularySize - 1}`;
    throw new InferometerError('INVALID_INPUT', message, { field });
  }
  return { ids: Int32Array.from(ids.slice(0, maxTokens)), fullLength: ids.length };
}

function truncate(
  ids: number[],
  max: number,
  prefix: number,
  suffix: number,
  side: 'left' | 'right',
): number[] {
  if (ids.length <= max) return ids;
  const room = Math.max(0, max - prefix - suffix);
  const content = ids.slice(prefix, ids.length - suffix);
  const kept = side === 'right' ? content.slice(0, room) : content.slice(content.length - room);
  return [...ids.slice(0, prefix), ...kept, ...ids.slice(ids.length - suffix)];
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
