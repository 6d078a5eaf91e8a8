import { createRandom, type EmbeddingModel, type Encoded } from '@inferometer/engine';
import { type Language, languages, readWordLists, type Word, type WordLists } from './lists.ts';

export interface Nickname {
  /** "sleepy otter", "졸린 수달". */
  readonly nickname: string;
  readonly adjective: string;
  readonly animal: string;
  /** Cosine of the sentence and the adjective. */
  readonly score: number;
}

/** Makes nicknames of vectors of sentences. */
export interface Namer {
  /**
   * The nearest adjectives, each with an animal drawn by the seed; no animal twice while there are enough.
   * @param vector of the sentence, length 1
   * @param count at least 1; fewer come where there are fewer adjectives
   */
  name(vector: Float32Array, language: Language, count: number, seed: number): Nickname[];
}

/**
 * Embeds the adjectives of a model's directory, once.
 * @returns undefined if the model's directory has no word lists
 */
export async function createNamer(model: EmbeddingModel): Promise<Namer | undefined> {
  const lists = readWordLists(model.directory.dir);
  if (!lists) return undefined;
  const vectors = new Map<Language, Float32Array[]>();
  for (const language of languages) {
    const texts = lists.adjectives.map((word) =>
      model.tokenizer.encode(word[language], model.directory.maxTokens),
    );
    vectors.set(language, await embedInSteps(model, texts));
  }
  return {
    name: (vector, language, count, seed) =>
      nearest(vector, vectors.get(language) as Float32Array[], count).map(({ index, score }, place) => {
        const adjective = lists.adjectives[index] as Word;
        const animal = animalsInOrder(lists, seed)[place % lists.animals.length] as Word;
        return {
          nickname: `${adjective[language]} ${animal[language]}`,
          adjective: adjective[language],
          animal: animal[language],
          score: Number(score.toFixed(4)),
        };
      }),
  };
}

/** No more at a time than the queue takes. */
async function embedInSteps(model: EmbeddingModel, texts: readonly Encoded[]): Promise<Float32Array[]> {
  const step = Math.min(model.options.maxQueue, model.options.maxBatchSize);
  const vectors: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += step)
    vectors.push(...(await model.embed(texts.slice(at, at + step))));
  return vectors;
}

/** Language of a text: Korean as soon as it has Hangul in it. */
export function languageOf(text: string): Language {
  return /\p{Script=Hangul}/u.test(text) ? 'ko' : 'en';
}

function nearest(
  vector: Float32Array,
  others: readonly Float32Array[],
  count: number,
): { index: number; score: number }[] {
  return others
    .map((other, index) => ({ index, score: dot(vector, other) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The animals shuffled by a seed (Fisher and Yates). */
function animalsInOrder(lists: WordLists, seed: number): Word[] {
  const random = createRandom(seed);
  const animals = [...lists.animals];
  for (let last = animals.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [animals[last], animals[other]] = [animals[other] as Word, animals[last] as Word];
  }
  return animals;
}
