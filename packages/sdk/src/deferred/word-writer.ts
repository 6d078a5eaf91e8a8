import { item, itemHead } from '../shared/span-record.ts';
import type { WordPart } from '../shared/span-ring.ts';

/**
 * Builds a message of the span ring: items of words, and texts that are sent once and then stand as numbers. Texts that
 * an item needs are put before all items, so that asking for a number never disturbs the item that is being written.
 */
export interface WordWriter {
  /** Texts of the message so far. */
  readonly texts: WordPart;
  /** Items of the message so far. */
  readonly items: WordPart;
  /** Starts a message. */
  start(): void;
  /** Starts an item. */
  open(kind: number): void;
  /** Ends the item, whose length is now known. */
  close(): void;
  put(word: number): void;
  putFloat(value: number): void;
  /** µs since the epoch or since the start, in two words; -1 for none. */
  putUs(us: number): void;
  /** Takes words of the item, to be written in place. @returns the first one's index in `items.words` */
  take(count: number): number;
  /** The number of a text; -1 for none. */
  idOf(text: string | undefined): number;
  /** The same of a text that will hardly come again, such as an id: it is not remembered beyond the message. */
  onceIdOf(text: string | undefined): number;
  /** Has texts sent again: what was sent last did not arrive. */
  forget(): void;
}

/** Texts that are remembered; past it all are forgotten, so that a stream of new ones finds room. */
const maxTexts = 8192;
/** Longer texts hardly come twice: they are sent each time. */
const maxKnownLength = 200;
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const two32 = 2 ** 32;

const two31 = 2 ** 31;

/** Writes µs, whole or -1 for none, as two words. */
export function setUs(words: Int32Array, at: number, us: number): void {
  if (us >= 0 && us < two31) {
    // Nearly all times since a start, without a division.
    words[at] = 0;
    words[at + 1] = us;
  } else {
    words[at] = Math.floor(us / two32);
    words[at + 1] = (us % two32) | 0;
  }
}

/** Writes a double as two words. */
export function setFloat(words: Int32Array, at: number, value: number): void {
  float[0] = value;
  words[at] = floatWords[0] as number;
  words[at + 1] = floatWords[1] as number;
}

export function createWordWriter(): WordWriter {
  return new GrowingWriter();
}

/** Words that grow. */
class Part implements WordPart {
  words: Int32Array<ArrayBuffer> = new Int32Array(8 * 1024);
  length = 0;

  room(count: number): void {
    if (this.length + count <= this.words.length) return;
    const larger = new Int32Array(Math.max(this.words.length * 2, this.length + count));
    larger.set(this.words);
    this.words = larger;
  }
}

class GrowingWriter implements WordWriter {
  readonly texts: Part = new Part();
  readonly items: Part = new Part();
  #item = 0;
  readonly #ids: Map<string, number> = new Map();
  /** Texts of the present message that are not to be remembered, and their ids behind all others. */
  readonly #once: Map<string, number> = new Map();
  #mustForget = false;

  start(): void {
    this.texts.length = 0;
    this.items.length = 0;
    if (this.#once.size > 0) this.#once.clear();
    if (this.#mustForget || this.#ids.size >= maxTexts) {
      this.#ids.clear();
      this.#mustForget = false;
      const { texts } = this;
      texts.words[0] = item.forget;
      texts.words[1] = 0;
      texts.length = itemHead;
    }
  }

  open(kind: number): void {
    const { items } = this;
    items.room(itemHead);
    this.#item = items.length;
    items.words[items.length] = kind;
    items.length += itemHead;
  }

  close(): void {
    this.items.words[this.#item + 1] = this.items.length - this.#item - itemHead;
  }

  put(word: number): void {
    const { items } = this;
    if (items.length === items.words.length) items.room(1);
    items.words[items.length++] = word;
  }

  putFloat(value: number): void {
    setFloat(this.items.words, this.take(2), value);
  }

  putUs(us: number): void {
    setUs(this.items.words, this.take(2), us);
  }

  take(count: number): number {
    const { items } = this;
    items.room(count);
    const at = items.length;
    items.length = at + count;
    return at;
  }

  idOf(text: string | undefined): number {
    if (text === undefined) return -1;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    return text.length > maxKnownLength ? this.onceIdOf(text) : this.#define(text, this.#ids);
  }

  onceIdOf(text: string | undefined): number {
    if (text === undefined) return -1;
    return this.#once.get(text) ?? this.#define(text, this.#once);
  }

  #define(text: string, texts: Map<string, number>): number {
    // A message may define some more than the limit before the next one starts anew.
    const id = texts.size + (texts === this.#once ? maxTexts * 2 : 0);
    texts.set(text, id);
    const part = this.texts;
    // Three bytes a UTF-16 unit at most.
    part.room(itemHead + 2 + Math.ceil((text.length * 3) / 4));
    const { words, length } = part;
    const at = length + itemHead + 2;
    const bytes = Buffer.from(words.buffer).write(text, at * 4, 'utf8');
    const textWords = Math.ceil(bytes / 4);
    words[length] = item.string;
    words[length + 1] = 2 + textWords;
    words[length + 2] = id;
    words[length + 3] = bytes;
    part.length = at + textWords;
    return id;
  }

  forget(): void {
    this.#mustForget = true;
  }
}
