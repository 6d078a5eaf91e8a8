import { randomFillSync } from 'node:crypto';

/**
 * Random bits of trace and span ids, 32 at a time, from a pool: asking the system for each id would cost more than
 * the rest of a request's trace. Words are signed 32-bit integers, which V8 keeps without allocating.
 */
const pool = new Int32Array(2048);
let next = pool.length;

/** A random word. */
export function randomWord(): number {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  return pool[next++] as number;
}

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** A word as 8 hex digits, most significant first. */
export function hexOfWord(word: number): string {
  return `${hexOfByte[word >>> 24]}${hexOfByte[(word >>> 16) & 255]}${hexOfByte[(word >>> 8) & 255]}${hexOfByte[word & 255]}`;
}

/** A random span id: 16 hex digits. */
export function randomSpanId(): string {
  return hexOfWord(randomWord()) + hexOfWord(randomWord());
}

/**
 * The word of 8 hex digits.
 * @param at index of the first digit
 */
export function wordOfHex(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 8), 16) | 0;
}

/** A trace id and a span id, as words. */
export interface IdWords {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
}

/** Writes both ids, six words. */
export function writeIds(words: Int32Array, at: number, ids: IdWords): void {
  words[at] = ids.t0;
  words[at + 1] = ids.t1;
  words[at + 2] = ids.t2;
  words[at + 3] = ids.t3;
  words[at + 4] = ids.s0;
  words[at + 5] = ids.s1;
}

export function traceIdOf({ t0, t1, t2, t3 }: IdWords): string {
  return hexOfWord(t0) + hexOfWord(t1) + hexOfWord(t2) + hexOfWord(t3);
}

export function spanIdOf({ s0, s1 }: IdWords): string {
  return hexOfWord(s0) + hexOfWord(s1);
}
