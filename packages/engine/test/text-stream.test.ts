import { createTextStream } from '@inferometer/engine';
import { expect, test } from 'vitest';

/** Tokens are bytes: a character of several bytes is whole only with its last one. */
const decode = (ids: readonly number[]): string => Buffer.from(ids).toString('utf8');

function stream(text: string, stop: string[] = []) {
  const out = createTextStream(decode, stop);
  const pieces: string[] = [];
  for (const byte of Buffer.from(text)) {
    const { text: piece, stopped } = out.push(byte);
    pieces.push(piece);
    if (stopped) return { pieces, text: pieces.join(''), stopped: true };
  }
  pieces.push(out.flush());
  return { pieces, text: pieces.join(''), stopped: false };
}

test('gives characters whole, whatever tokens they are split over', () => {
  const { text, pieces } = stream('졸린 수달 🦦 sleeps');
  expect(text).toBe('졸린 수달 🦦 sleeps');
  expect(pieces.some((piece) => piece.includes('\ufffd'))).toBe(false);
});

test('ends before a stop string, which is never shown, not even in part', () => {
  const { text, pieces, stopped } = stream('one two END three', ['END']);
  expect(text).toBe('one two ');
  expect(stopped).toBe(true);
  expect(pieces.join('|')).not.toContain('E');
});

test('what only looked like a stop string is shown', () => {
  expect(stream('one EN two', ['END']).text).toBe('one EN two');
  expect(stream('one EN', ['END']).text).toBe('one EN');
});

test('the first of several stop strings counts', () => {
  expect(stream('a b c d', ['d', 'c']).text).toBe('a b ');
});

test('an incomplete character at the end is shown as such', () => {
  const out = createTextStream(decode, []);
  out.push(0xec);
  expect(out.flush()).toBe('\ufffd');
});
