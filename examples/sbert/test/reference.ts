import { readFileSync } from 'node:fs';

/** What sentence-transformers makes of a text. */
export interface ReferenceText {
  /** What the text is to catch. */
  readonly name: string;
  readonly text: string;
  /** Tokens that the model sees, special ones included. */
  readonly tokens: number;
  /** Mean pooling, length 1; shape [dimensions]. */
  readonly embedding: readonly number[];
}

export interface PooledReference {
  readonly mode: string;
  readonly normalized: boolean;
  /** Name of the text. */
  readonly name: string;
  readonly embedding: readonly number[];
}

interface Reference {
  readonly max_seq_length: number;
  readonly texts: readonly ReferenceText[];
  readonly pooling: readonly PooledReference[];
}

/** Written by reference.py with sentence-transformers itself. */
export const reference = JSON.parse(
  readFileSync(new URL('../fixtures/reference.json', import.meta.url), 'utf8'),
) as Reference;

/** The texts pooled in another way, with their vectors. */
export function pooledTexts(mode: string, normalized: boolean): ReferenceText[] {
  const rows = reference.pooling.filter((row) => row.mode === mode && row.normalized === normalized);
  return rows.map(({ name, embedding }) => {
    const text = reference.texts.find((row) => row.name === name);
    if (text === undefined) throw new Error(`fixtures/reference.json has no text ${name}`);
    return { ...text, embedding };
  });
}

/** @throws {RangeError} if the vectors differ in length */
export function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions`);
  return dot(a, b) / (norm(a) * norm(b));
}

export function norm(a: readonly number[]): number {
  return Math.sqrt(dot(a, a));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
}
