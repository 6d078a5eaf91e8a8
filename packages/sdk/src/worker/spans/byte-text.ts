/** Text that is built as bytes: nothing is made that a collector would have to take away, or flatten. */
export interface ByteText {
  readonly length: number;
  text(text: string): void;
  raw(bytes: Uint8Array): void;
  /** Eight hex digits. */
  hexWord(word: number): void;
  /** A whole number in [0, 2^53). */
  digits(value: number): void;
  /** A view of what was written, until something else is. */
  view(): Uint8Array;
  clear(): void;
}

const hexDigits: Uint8Array = Buffer.from('0123456789abcdef', 'latin1');
const zero = 48;
const million = 1e6;

export function createByteText(initialBytes: number): ByteText {
  return new GrowingText(initialBytes);
}

class GrowingText implements ByteText {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(initialBytes: number) {
    this.#bytes = Buffer.alloc(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    // Three bytes a UTF-16 unit at most.
    this.#room(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  hexWord(word: number): void {
    this.#room(8);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let shift = 28; shift >= 0; shift -= 4) bytes[at++] = hexDigits[(word >>> shift) & 15] as number;
    this.#length = at;
  }

  digits(value: number): void {
    if (value >= million) {
      // Six digits at a time: divisions of doubles are slow.
      const rest = Math.floor(value / million);
      this.digits(rest);
      this.#padded(value - rest * million, 6);
    } else this.#padded(value, value === 0 ? 1 : Math.floor(Math.log10(value)) + 1);
  }

  #padded(value: number, count: number): void {
    this.#room(count);
    const bytes = this.#bytes;
    let left = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const next = (left / 10) | 0;
      bytes[at] = zero + left - next * 10;
      left = next;
    }
    this.#length += count;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
