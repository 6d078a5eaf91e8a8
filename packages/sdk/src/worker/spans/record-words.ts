import { hexOfWord } from '@inferometer/core';
import type { PlainSpan } from '../../shared/plain-span.ts';

/** The texts that the main thread has told the worker of, by number. */
export interface Texts {
  /** The text whose number stands at a place; undefined for none. */
  at(words: Int32Array, at: number): string | undefined;
}

const two32 = 2 ** 32;
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const noEvents: PlainSpan['events'] = [];
export const noLinks: PlainSpan['links'] = [];
export const unset: PlainSpan['status'] = { code: 0, message: '' };
export const failed: PlainSpan['status'] = { code: 2, message: '' };

/** µs since the epoch or since the start, of two words; below 0 for none. */
export function usAt(words: Int32Array, at: number): number {
  return (words[at] as number) * two32 + ((words[at + 1] as number) >>> 0);
}

export function floatAt(words: Int32Array, at: number): number {
  floatWords[0] = words[at] as number;
  floatWords[1] = words[at + 1] as number;
  return float[0] as number;
}

export function hexAt(words: Int32Array, at: number, count: number): string {
  let hex = '';
  for (let i = 0; i < count; i++) hex += hexOfWord(words[at + i] as number);
  return hex;
}

/** A span that is sampled, with nothing on it but what is given. */
export function plainSpanOf(
  given: Partial<PlainSpan> & Pick<PlainSpan, 'traceId' | 'spanId' | 'name' | 'scope' | 'start' | 'end'>,
): PlainSpan {
  return {
    parentSpanId: '',
    parentIsRemote: false,
    traceState: '',
    traceFlags: 1,
    kind: 0,
    attributes: {},
    events: noEvents,
    links: noLinks,
    status: unset,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...given,
  };
}
