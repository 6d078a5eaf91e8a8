import { dirname, join } from 'node:path';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { InferometerError, messageOf } from '@inferometer/core';
import type { ModelDirectory } from './directory.ts';
import { invalid, readJsonObject } from './files.ts';

/** A text as token ids. */
export interface Encoded {
  /** Shape [tokens]; special tokens included. */
  readonly ids: Int32Array;
  /** Whether the text has more tokens than these. */
  readonly isCut: boolean;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  /**
   * @param maxTokens longest result, special tokens included; content is cut, special tokens stay
   */
  encode(text: string, maxTokens: number): Encoded;
  /**
   * Splits a text that has its special tokens written out in it, such as a chat template's: nothing is put around it.
   * @param maxTokens longest result; what is over it is cut at the end
   */
  encodeRendered(text: string, maxTokens: number): Encoded;
  /** The text of tokens, without special ones. */
  decode(ids: readonly number[]): string;
}

/**
 * Loads a directory's tokenizer.json. Its own padding and truncation settings are left aside: batches are padded to
 * their longest row, and texts cut at the model's length.
 * @throws {InferometerError} INVALID_MODEL that names the file
 */
export function loadTokenizer(model: ModelDirectory): Tokenizer {
  const file = model.tokenizer;
  if (file === undefined) throw invalid(`${model.dir} has no tokenizer.json`);
  const definition = readJsonObject(file);
  const config = readJsonObject(join(dirname(file), 'tokenizer_config.json')) ?? {};
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
    throw invalid(`${file} is not a tokenizer: ${messageOf(error)}`, error);
  }
  if (vocabularySize === 0) throw invalid(`${file} is not a tokenizer: its vocabulary is empty`);

  return {
    vocabularySize,
    encode(text, maxTokens) {
      const split = (part: string): number[] => {
        const prompted = model.prompt + part;
        return hf.encode(model.lowerCase ? prompted.toLowerCase() : prompted).ids;
      };
      const head = model.truncationSide === 'right' ? headOf(text, maxTokens) : undefined;
      let ids = head === undefined ? [] : split(head);
      if (ids.length < maxTokens + headMargin) ids = split(text);
      const kept = truncate(ids, maxTokens, prefix, suffix, model.truncationSide);
      return { ids: Int32Array.from(kept), isCut: ids.length > maxTokens };
    },
    encodeRendered(text, maxTokens) {
      const split = (part: string): number[] => hf.encode(part, { add_special_tokens: false }).ids;
      const head = headOf(text, maxTokens);
      let ids = head === undefined ? [] : split(head);
      if (ids.length < maxTokens + headMargin) ids = split(text);
      return { ids: Int32Array.from(ids.slice(0, maxTokens)), isCut: ids.length > maxTokens };
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
  return { ids: Int32Array.from(ids.slice(0, maxTokens)), isCut: ids.length > maxTokens };
}

/** More characters than this a token are rare: so much of a text is split first. */
const charactersPerToken = 8;
/** Tokens more than are kept: those at the end of a head may be others in the whole text. */
const headMargin = 16;

/**
 * As much of a long text as will be kept, up to the next white space: tokens before it do not depend on what follows.
 * Splitting all of a document costs tens of milliseconds of the main thread, for tokens that are thrown away.
 * @returns undefined for texts that are not long, and where there is no white space
 */
function headOf(text: string, maxTokens: number): string | undefined {
  const least = maxTokens * charactersPerToken;
  if (text.length < 1.25 * least) return undefined;
  const space = /\s/g;
  space.lastIndex = least;
  const found = space.exec(text);
  return found === null ? undefined : text.slice(0, found.index);
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
