import type { Response } from 'express';

/**
 * JSON written as bytes. Vectors are nearly all of an answer of embeddings: writing their digits into a buffer takes a
 * third of the time of making strings of them, and what is sent needs no encoding.
 */
export interface JsonBytes {
  /** JSON that is text already. */
  text(json: string): void;
  /** A vector as an array of numbers that read back as the same float32. What JSON has no number for is null. */
  vector(vector: Float32Array): void;
  /** All that was written. */
  bytes(): Buffer;
}

/** Room for one number: sign, `0.`, three zeros, nine digits, comma; the longest of others is `-1.23456789e-45,`. */
const numberBytes = 17;
const zero = 48;
const point = 46;
const comma = 44;

/** The digits of 0 to 999, three bytes each. */
const triples = Uint8Array.from({ length: 3000 }, (_, i) => {
  const value = Math.floor(i / 3);
  return zero + (Math.floor(value / 10 ** (2 - (i % 3))) % 10);
});

/** Bytes that a vector takes at most, mostly. */
export function roomFor(vector: Float32Array | undefined): number {
  return 2 + numberBytes * (vector?.length ?? 0);
}

/** Answers with JSON as it is, 200. */
export function sendJsonBytes(response: Response, bytes: Buffer): void {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

/** @param room bytes that are likely to be needed */
export function createJsonBytes(room = 8192): JsonBytes {
  let buffer = Buffer.allocUnsafe(room);
  let at = 0;
  const ensure = (more: number): void => {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + more));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  return {
    text(json) {
      ensure(3 * json.length);
      at += buffer.write(json, at);
    },
    vector(vector) {
      ensure(2 + numberBytes * vector.length);
      buffer[at++] = 91; // [
      for (let i = 0; i < vector.length; i++) {
        if (i > 0) buffer[at++] = comma;
        const value = vector[i] as number;
        const size = value < 0 ? -value : value;
        at = size >= 1e-4 && size < 1 ? writeFraction(buffer, at, value) : writeOther(buffer, at, value);
      }
      buffer[at++] = 93; // ]
    },
    bytes: () => buffer.subarray(0, at),
  };
}

/**
 * A number from 0.0001 up to 1, either sign, with the digits that tell it from its neighbours: nine significant ones
 * always do, and eight where the first is 2 or more.
 * @returns where the next byte goes
 */
function writeFraction(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let size = value;
  if (value < 0) {
    buffer[at++] = 45; // -
    size = -value;
  }
  buffer[at++] = zero;
  buffer[at++] = point;
  // Scaled to [0.1, 1); the zeros that this takes away are written here.
  while (size < 0.1) {
    buffer[at++] = zero;
    size *= 10;
  }
  let digits = size < 0.2 ? (size * 1e9 + 0.5) | 0 : 10 * ((size * 1e8 + 0.5) | 0);
  // Rounded up to 1: the next lower float32 is told from it by nine digits as well.
  if (digits >= 1e9) digits = Math.floor(size * 1e9);
  const high = (digits / 1e6) | 0;
  const low = digits - 1e6 * high;
  const middle = (low / 1e3) | 0;
  at = writeTriple(buffer, at, high);
  at = writeTriple(buffer, at, middle);
  at = writeTriple(buffer, at, low - 1e3 * middle);
  while (buffer[at - 1] === zero) at--;
  return at;
}

function writeTriple(buffer: Buffer, at: number, value: number): number {
  const from = 3 * value;
  buffer[at] = triples[from] as number;
  buffer[at + 1] = triples[from + 1] as number;
  buffer[at + 2] = triples[from + 2] as number;
  return at + 3;
}

/** Digits that tell any two float32 numbers apart. */
const float32Digits = 9;

function writeOther(buffer: Buffer, at: number, value: number): number {
  const text = value === 0 ? '0' : Number.isFinite(value) ? value.toPrecision(float32Digits) : 'null';
  return at + buffer.write(text, at, 'latin1');
}

/** A vector as JSON text. */
export function vectorJson(vector: Float32Array): string {
  const json = createJsonBytes(roomFor(vector));
  json.vector(vector);
  return json.bytes().toString('latin1');
}
