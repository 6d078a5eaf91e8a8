/**
 * Hands finished requests from the main thread to the telemetry worker: a ring of words in shared memory, with one writer
 * and one reader, no locks and no messages. A message lies in one piece; where the end of the ring has no room for it,
 * the rest of the ring is skipped.
 */
export interface SpanRing {
  readonly buffer: SharedArrayBuffer;
  /**
   * Copies a message in.
   * @param first its beginning: so many words of `source`
   * @param second what follows
   * @returns whether there was room
   */
  write(first: WordPart, second: WordPart): boolean;
  /**
   * Hands out message after message, in place: each is gone when the callback returns, and the callback says whether it
   * has room for another.
   * @returns whether there was any
   */
  drain(take: (words: Int32Array, at: number, length: number) => boolean): boolean;
  /** Waits until a good part is full or the time is over. */
  wait(timeoutMs: number): Promise<void>;
  /** Ends a wait. */
  wake(): void;
  /** Words in use. */
  readonly used: number;
  /** Words that are free; a message needs one more than it has, and lies in one piece. */
  readonly free: number;
}

/** The first words of an array. */
export interface WordPart {
  readonly words: Int32Array;
  readonly length: number;
}

const control = { head: 0, tail: 1, wake: 2 } as const;
const controlWords = 16;
const skipMark = -1;

/** Past this share the reader is woken. */
const wakeShare = 0.25;

/** @param words capacity, a power of two */
export function createSpanRing(words: number): SpanRing {
  return openSpanRing(new SharedArrayBuffer((controlWords + words) * 4));
}

/** The other end of a ring. */
export function openSpanRing(buffer: SharedArrayBuffer): SpanRing {
  return new SharedRing(buffer);
}

class SharedRing implements SpanRing {
  readonly buffer: SharedArrayBuffer;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #capacity: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#control = new Int32Array(buffer, 0, controlWords);
    this.#words = new Int32Array(buffer, controlWords * 4);
    this.#capacity = this.#words.length;
  }

  // Head and tail count words for ever and wrap at 2^32; their difference is what is in use.
  get used(): number {
    return (Atomics.load(this.#control, control.head) - Atomics.load(this.#control, control.tail)) >>> 0;
  }

  get free(): number {
    return this.#capacity - this.used;
  }

  write(first: WordPart, second: WordPart): boolean {
    const length = first.length + second.length;
    const capacity = this.#capacity;
    const mask = capacity - 1;
    let head = this.#control[control.head] as number;
    const used = (head - Atomics.load(this.#control, control.tail)) >>> 0;
    const at = head & mask;
    const needed = length + 1;
    const skipped = at + needed > capacity ? capacity - at : 0;
    if (used + skipped + needed > capacity) return false;
    const words = this.#words;
    if (skipped > 0) {
      words[at] = skipMark;
      head = (head + skipped) | 0;
    }
    const start = head & mask;
    words[start] = length;
    copy(first, words, start + 1);
    copy(second, words, start + 1 + first.length);
    Atomics.store(this.#control, control.head, (head + needed) | 0);
    const limit = capacity * wakeShare;
    if (used <= limit && used + skipped + needed > limit) this.wake();
    return true;
  }

  drain(take: (words: Int32Array, at: number, length: number) => boolean): boolean {
    const mask = this.#capacity - 1;
    const head = Atomics.load(this.#control, control.head);
    let tail = this.#control[control.tail] as number;
    if (head === tail) return false;
    while (tail !== head) {
      const at = tail & mask;
      const length = this.#words[at] as number;
      let more = true;
      if (length === skipMark) tail = (tail + this.#capacity - at) | 0;
      else {
        more = take(this.#words, at + 1, length);
        tail = (tail + length + 1) | 0;
      }
      Atomics.store(this.#control, control.tail, tail);
      if (!more) break;
    }
    return true;
  }

  wake(): void {
    Atomics.add(this.#control, control.wake, 1);
    Atomics.notify(this.#control, control.wake);
  }

  async wait(timeoutMs: number): Promise<void> {
    const seen = Atomics.load(this.#control, control.wake);
    if (this.used > this.#capacity * wakeShare) return;
    await Atomics.waitAsync(this.#control, control.wake, seen, timeoutMs).value;
  }
}

/** Word by word: a view for `set` costs more than the few hundred words of a request. */
function copy(from: WordPart, to: Int32Array, at: number): void {
  const { words, length } = from;
  for (let i = 0; i < length; i++) to[at + i] = words[i] as number;
}
