import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';

export interface BareTokenizer {
  readonly vocabulary: readonly string[];
  /** @returns shape [tokens], special ones included, cut at the model's length */
  encode(text: string): number[];
}

/** @param directory a sentence-transformers export */
export function loadBareTokenizer(directory: string): BareTokenizer {
  const json = (name: string): object => JSON.parse(readFileSync(join(directory, name), 'utf8')) as object;
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
  const { max_seq_length: most } = json('sentence_bert_config.json') as { max_seq_length: number };
  return {
    vocabulary: [...tokenizer.get_vocab().keys()],
    encode(text) {
      const { ids } = tokenizer.encode(text);
      return ids.length <= most ? ids : [...ids.slice(0, most - 1), ids.at(-1) as number];
    },
  };
}
