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
