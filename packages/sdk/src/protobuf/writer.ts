/**
 * Writes the protobuf wire format into one growing buffer. Fields are written in the order of the calls; a field with
 * its default value is written all the same, so that the caller decides what is left out.
 */
export interface ProtoWriter {
  /** Bytes written so far. */
  readonly size: number;
  /** int32, int64, uint32, uint64, bool or enum: an integer in [0, 2^53). */
  uint(field: number, value: number): void;
  /** int32 or int64 that may be negative: an integer in (-2^53, 2^53). */
  int(field: number, value: number): void;
  /** sint32 or sint64 (zigzag): an integer in (-2^52, 2^52). */
  sint(field: number, value: number): void;
  double(field: number, value: number): void;
  /** fixed64: an integer in [0, 2^53). */
  fixed64(field: number, value: number): void;
  /** fixed64 of two 32-bit halves, for what has no exact number. */
  fixed64Halves(field: number, high: number, low: number): void;
  /** fixed64 of nanoseconds since the epoch. @param epochMs milliseconds, fractions allowed, in [0, 2^44) */
  unixNano(field: number, epochMs: number): void;
  string(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  /** bytes of a hexadecimal text of even length, such as a trace id. */
  hex(field: number, text: string): void;
  /** bytes of 32-bit words, most significant byte first. */
  words(field: number, words: Int32Array, at: number, count: number): void;
  /** bytes of two 32-bit words, as `words`. */
  wordPair(field: number, high: number, low: number): void;
  /** fixed64 of nanoseconds since the epoch. @param epochUs whole microseconds, in [0, 2^53) */
  unixNanoOfUs(field: number, epochUs: number): void;
  /** Opens a nested message or a packed field: what is written until `end` is its content. */
  begin(field: number): void;
  /** Opens a message with its length before it and no field number, as delimited streams have it. */
  beginDelimited(): void;
  end(): void;
  /** A value without its field number, for packed fields. */
  rawUint(value: number): void;
  rawSint(value: number): void;
  rawDouble(value: number): void;
  rawFixed64(value: number): void;
  /** Bytes that are encoded already. */
  raw(encoded: Uint8Array): void;
  /** A copy of what was written; the writer is empty afterwards and keeps its buffer. @throws {Error} inside a message */
  take(): Uint8Array;
}

const encoder = new TextEncoder();
const two32 = 2 ** 32;
/** Longer texts go through the encoder, whose call costs more than so many characters. */
const maxLoopLength = 48;

/** @param initialBytes size of the first buffer, integer >= 1; it doubles when full */
export function createProtoWriter(initialBytes: number = 4096): ProtoWriter {
  return new BufferedWriter(initialBytes);
}

class BufferedWriter implements ProtoWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;
  /** Where the content of each open message begins. */
  readonly #open: number[] = [];

  constructor(initialBytes: number) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get size(): number {
    return this.#at;
  }

  uint(field: number, value: number): void {
    this.rawUint(field * 8);
    this.rawUint(value);
  }

  int(field: number, value: number): void {
    if (value >= 0) {
      this.uint(field, value);
      return;
    }
    this.rawUint(field * 8);
    this.#reserve(10);
    // Two's complement in 64 bits: always ten bytes, the last of which holds the sign.
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  sint(field: number, value: number): void {
    this.rawUint(field * 8);
    this.rawSint(value);
  }

  double(field: number, value: number): void {
    this.rawUint(field * 8 + 1);
    this.rawDouble(value);
  }

  fixed64(field: number, value: number): void {
    this.rawUint(field * 8 + 1);
    this.rawFixed64(value);
  }

  fixed64Halves(field: number, high: number, low: number): void {
    this.rawUint(field * 8 + 1);
    this.#halves(high, low);
  }

  unixNano(field: number, epochMs: number): void {
    const wholeMs = Math.floor(epochMs);
    const nanos = Math.round((epochMs - wholeMs) * 1e6);
    // 10^6 ns a millisecond, in two parts that a double holds exactly: upper * 2^20 + lower.
    const upper = Math.floor(wholeMs / 2 ** 20) * 1e6;
    const lower = (wholeMs % 2 ** 20) * 1e6 + nanos;
    const lowSum = (upper % 4096) * 2 ** 20 + lower;
    this.fixed64Halves(field, Math.floor(upper / 4096) + Math.floor(lowSum / two32), lowSum % two32);
  }

  string(field: number, value: string): void {
    this.rawUint(field * 8 + 2);
    const { length } = value;
    if (length <= maxLoopLength) {
      this.#reserve(length + 1);
      const bytes = this.#bytes;
      const start = this.#at + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        bytes[start + i] = code;
      }
      if (i === length) {
        bytes[start - 1] = length;
        this.#at = start + length;
        return;
      }
    }
    // A UTF-16 unit is three bytes of UTF-8 at most.
    this.#reserve(length * 3 + 1);
    this.#open.push(++this.#at);
    this.#at += encoder.encodeInto(value, this.#bytes.subarray(this.#at)).written;
    this.end();
  }

  bytes(field: number, value: Uint8Array): void {
    this.rawUint(field * 8 + 2);
    this.rawUint(value.length);
    this.raw(value);
  }

  hex(field: number, text: string): void {
    const length = text.length >>> 1;
    this.rawUint(field * 8 + 2);
    this.rawUint(length);
    this.#reserve(length);
    for (let i = 0; i < length; i++) {
      this.#bytes[this.#at++] = hexDigit(text.charCodeAt(i * 2)) * 16 + hexDigit(text.charCodeAt(i * 2 + 1));
    }
  }

  words(field: number, words: Int32Array, at: number, count: number): void {
    this.rawUint(field * 8 + 2);
    this.rawUint(count * 4);
    this.#reserve(count * 4);
    for (let i = 0; i < count; i++) {
      this.#view.setInt32(this.#at, words[at + i] as number);
      this.#at += 4;
    }
  }

  wordPair(field: number, high: number, low: number): void {
    this.rawUint(field * 8 + 2);
    this.rawUint(8);
    this.#reserve(8);
    this.#view.setInt32(this.#at, high);
    this.#view.setInt32(this.#at + 4, low);
    this.#at += 8;
  }

  unixNanoOfUs(field: number, epochUs: number): void {
    // A double does not hold nanoseconds: each half is multiplied on its own.
    const low = (epochUs % two32) * 1000;
    const high = Math.floor(epochUs / two32) * 1000 + Math.floor(low / two32);
    this.fixed64Halves(field, high, low % two32);
  }

  begin(field: number): void {
    this.rawUint(field * 8 + 2);
    this.beginDelimited();
  }

  beginDelimited(): void {
    // One byte for the length; `end` moves the content where it takes more.
    this.#reserve(1);
    this.#open.push(++this.#at);
  }

  end(): void {
    const start = this.#open.pop();
    if (start === undefined) throw new Error('end() without begin()');
    const end = this.#at;
    const length = end - start;
    if (length > 127) {
      const extra = varintBytes(length) - 1;
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, end);
      this.#at = start - 1;
      this.rawUint(length);
      this.#at = end + extra;
    } else this.#bytes[start - 1] = length;
  }

  rawUint(value: number): void {
    this.#reserve(8);
    // Most are: field numbers, small counts, lengths.
    if (value < 128) {
      this.#bytes[this.#at++] = value;
      return;
    }
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    // Bit operations know 32 bits only.
    while (rest >= two32) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    let low = rest >>> 0;
    while (low > 127) {
      bytes[at++] = (low & 127) | 128;
      low >>>= 7;
    }
    bytes[at++] = low;
    this.#at = at;
  }

  rawSint(value: number): void {
    this.rawUint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  rawDouble(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  rawFixed64(value: number): void {
    this.#halves(Math.floor(value / two32), value % two32);
  }

  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#at);
    this.#at += encoded.length;
  }

  take(): Uint8Array {
    if (this.#open.length > 0) throw new Error(`${this.#open.length} messages are still open`);
    const written = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return written;
  }

  #halves(high: number, low: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#at, low, true);
    this.#view.setUint32(this.#at + 4, high, true);
    this.#at += 8;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) count++;
  return count;
}

function hexDigit(code: number): number {
  // '0' is 48, 'A' 65, 'a' 97.
  return code <= 57 ? code - 48 : (code & 31) + 9;
}
