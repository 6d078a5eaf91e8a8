import { createRandom } from './random.ts';

/** Lengths of the texts of a load, tokens with the two special ones, uniform from least to most. */
export interface Mix {
  readonly name: 'short' | 'mixed';
  readonly leastTokens: number;
  readonly mostTokens: number;
}

export const mixes: readonly Mix[] = [
  { name: 'short', leastTokens: 10, mostTokens: 14 },
  { name: 'mixed', leastTokens: 8, mostTokens: 128 },
];

/** [CLS] and [SEP]. */
const specialTokens = 2;

/** Words that a WordPiece vocabulary has whole, so that a text of n of them has n tokens and the special ones. */
export function wholeWords(vocabulary: Iterable<string>): string[] {
  return [...vocabulary].filter((entry) => /^[a-z]{3,9}$/.test(entry)).sort();
}

/**
 * Texts of a mix, the same for the same seed. Texts of other seeds are others: no cache, ours or a rival's, has seen
 * one before.
 */
export function createTexts(words: readonly string[], mix: Mix, seed: number): () => string {
  // Seeds that follow each other must not give texts alike.
  const random = createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ mix.mostTokens);
  const span = mix.mostTokens - mix.leastTokens + 1;
  return () => {
    const count = mix.leastTokens + Math.floor(random() * span) - specialTokens;
    let text = words[Math.floor(random() * words.length)] as string;
    for (let i = 1; i < count; i++) text += ` ${words[Math.floor(random() * words.length)]}`;
    return text;
  };
}
