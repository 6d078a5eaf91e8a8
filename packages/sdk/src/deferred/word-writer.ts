import { item, itemHead } from '../shared/span-record.ts';

/** Builds a message of the span ring: words, and texts that are sent once and then stand as numbers. */
export interface WordWriter {
  /** The message so far. */
  readonly words: Int32Array;
  readonly length: number;
  /** Starts a message. */
  start(): void;
  /** Starts an item. @returns where its fields begin */
  open(kind: number): number;
  /** Ends the item, whose length is now known. */
  close(): void;
  put(word: number): void;
  putFloat(value: number): void;
  /** µs since the epoch. */
  putEpochUs(us: number): void;
  /** The number of a text; must be asked for before the item that has it is opened. */
  idOf(text: string | undefined): number;
  /** Whether texts are to be sent again: what was sent last did not arrive. */
  forget(): void;
}

/** Texts that are remembered; past it all are forgotten, so that a stream of new ones finds room. */
const maxTexts = 8192;
/** Longer texts hardly come twice: they are sent each time. */
const maxKnownLength = 200;
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const two32 = 2 ** 32;

export function createWordWriter(): WordWriter {
  return new GrowingWriter();
}

class GrowingWriter implements WordWriter {
  #words: Int32Array<ArrayBuffer> = new Int32Array(16 * 1024);
  #bytes: Buffer<ArrayBuffer> = Buffer.from(this.#words.buffer);
  #at = 0;
  #item = 0;
  readonly #ids: Map<string, number> = new Map();
  /** Texts of the present message that are too long to be remembered, and their ids behind all others. */
  readonly #long: Map<string, number> = new Map();
  #mustForget = false;

  get words(): Int32Array {
    return this.#words;
  }

  get length(): number {
    return this.#at;
  }

  start(): void {
    this.#at = 0;
    if (this.#long.size > 0) this.#long.clear();
    if (this.#mustForget || this.#ids.size >= maxTexts) {
      this.#ids.clear();
      this.#mustForget = false;
      this.open(item.forget);
      this.close();
    }
  }

  open(kind: number): number {
    this.#reserve(itemHead);
    this.#item = this.#at;
    this.#words[this.#at] = kind;
    this.#at += itemHead;
    return this.#at;
  }

  close(): void {
    this.#words[this.#item + 1] = this.#at - this.#item - itemHead;
  }

  put(word: number): void {
    if (this.#at === this.#words.length) this.#reserve(1);
    this.#words[this.#at++] = word;
  }

  putFloat(value: number): void {
    float[0] = value;
    this.put(floatWords[0] as number);
    this.put(floatWords[1] as number);
  }

  putEpochUs(us: number): void {
    this.put(Math.floor(us / two32));
    this.put((us % two32) | 0);
  }

  idOf(text: string | undefined): number {
    if (text === undefined) return -1;
    const texts = text.length > maxKnownLength ? this.#long : this.#ids;
    const known = texts.get(text);
    return known === undefined ? this.#define(text, texts) : known;
  }

  #define(text: string, texts: Map<string, number>): number {
    // A message may define some more than the limit before the next one starts anew.
    const id = texts.size + (texts === this.#long ? maxTexts * 2 : 0);
    texts.set(text, id);
    this.open(item.string);
    // Three bytes a UTF-16 unit at most.
    this.#reserve(2 + Math.ceil((text.length * 3) / 4));
    const at = this.#at + 2;
    const bytes = this.#bytes.write(text, at * 4, 'utf8');
    this.#words[this.#at] = id;
    this.#words[this.#at + 1] = bytes;
    this.#at = at + Math.ceil(bytes / 4);
    this.close();
    return id;
  }

  forget(): void {
    this.#mustForget = true;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#words.length) return;
    const larger = new Int32Array(Math.max(this.#words.length * 2, this.#at + count));
    larger.set(this.#words);
    this.#words = larger;
    this.#bytes = Buffer.from(larger.buffer);
  }
}
