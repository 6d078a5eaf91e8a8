import { expect, test } from 'vitest';
import { createProtoWriter, type ProtoWriter } from '../src/protobuf/writer.ts';
import { randomNumbers } from './exposition-samples.ts';

const bytesOf = (write: (writer: ProtoWriter) => void, initialBytes?: number): string => {
  const writer = createProtoWriter(initialBytes);
  write(writer);
  return Buffer.from(writer.take()).toString('hex');
};

/** A varint and what follows it, in bigints: nothing in common with the writer. */
function readVarint(bytes: Uint8Array, from: number): [value: bigint, next: number] {
  let value = 0n;
  for (let i = from, shift = 0n; ; i++, shift += 7n) {
    const byte = bytes[i];
    if (byte === undefined) throw new Error('a varint has no end');
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [value, i + 1];
  }
}

// Source: protobuf's "Encoding" guide, and the bytes that protoc makes.
test.each<[string, string, (writer: ProtoWriter) => void]>([
  ['150', '089601', (writer) => writer.uint(1, 150)],
  ['0', '0800', (writer) => writer.uint(1, 0)],
  ['field 16', '800101', (writer) => writer.uint(16, 1)],
  ['-2 as int64', '10feffffffffffffffff01', (writer) => writer.int(2, -2)],
  ['7 as int64', '1007', (writer) => writer.int(2, 7)],
  ['zigzag of -1', '0801', (writer) => writer.sint(1, -1)],
  ['zigzag of 1', '0802', (writer) => writer.sint(1, 1)],
  ['zigzag of -2^31', '08ffffffff0f', (writer) => writer.sint(1, -(2 ** 31))],
  ['2^53 - 1', '08ffffffffffffff0f', (writer) => writer.uint(1, Number.MAX_SAFE_INTEGER)],
  ['a double', '09000000000000f03f', (writer) => writer.double(1, 1)],
  ['fixed64', '110100000000000000', (writer) => writer.fixed64(2, 1)],
  ['2^40 as fixed64', '110000000000010000', (writer) => writer.fixed64(2, 2 ** 40)],
  ['testing', '120774657374696e67', (writer) => writer.string(2, 'testing')],
  ['an empty text', '1200', (writer) => writer.string(2, '')],
  ['UTF-8', '1207c3a9f09f988061', (writer) => writer.string(2, 'é😀a')],
  ['half a pair', '1203efbfbd', (writer) => writer.string(2, '\ud83d')],
  ['bytes', '0a02ff00', (writer) => writer.bytes(1, Uint8Array.of(255, 0))],
  ['hexadecimal', '0a0400ffa9bC'.toLowerCase(), (writer) => writer.hex(1, '00ffA9bc')],
  [
    'a message in a message',
    '0a051a03089601',
    (writer) => {
      writer.begin(1);
      writer.begin(3);
      writer.uint(1, 150);
      writer.end();
      writer.end();
    },
  ],
  [
    'a packed field',
    '3206038e029ea705',
    (writer) => {
      writer.begin(6);
      for (const value of [3, 270, 86_942]) writer.rawUint(value);
      writer.end();
    },
  ],
])('writes %s', (_what, expected, write) => {
  expect(bytesOf(write)).toBe(expected);
  // A buffer that has to grow at each field makes no difference.
  expect(bytesOf(write, 1)).toBe(expected);
});

test('all integers up to 2^53 come back', () => {
  const random = randomNumbers(1);
  for (let bits = 0; bits <= 53; bits++) {
    for (const value of [2 ** bits - 1, 2 ** bits - (bits < 53 ? 0 : 1), Math.floor(random() * 2 ** bits)]) {
      const writer = createProtoWriter(1);
      writer.rawUint(value);
      expect(readVarint(writer.take(), 0)[0]).toBe(BigInt(value));
      const signed = Math.trunc(value / 2);
      writer.rawSint(-signed);
      const zigzag = readVarint(writer.take(), 0)[0];
      expect((zigzag >> 1n) ^ -(zigzag & 1n)).toBe(BigInt(-signed));
      writer.rawFixed64(value);
      expect(Buffer.from(writer.take()).readBigUInt64LE()).toBe(BigInt(value));
      writer.int(1, -signed);
      const twos = readVarint(writer.take(), 1)[0];
      expect(BigInt.asIntN(64, twos)).toBe(BigInt(-signed));
    }
  }
});

test.each([0, 1, 999, 1_790_000_000_000, 1_790_000_000_000.25, 4_102_444_800_123, 2 ** 43 + 0.5])(
  '%d ms are nanoseconds',
  (ms) => {
    const writer = createProtoWriter();
    writer.unixNano(1, ms);
    const whole = Math.floor(ms);
    const expected = BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
    expect(Buffer.from(writer.take()).readBigUInt64LE(1)).toBe(expected);
  },
);

test('lengths of nested content are right at every size, at every depth', () => {
  for (const length of [
    0, 1, 47, 48, 49, 125, 126, 127, 128, 129, 16_380, 16_383, 16_384, 16_390, 2_100_000,
  ]) {
    const writer = createProtoWriter(1);
    const content = 'x'.repeat(length);
    for (let depth = 0; depth < 5; depth++) writer.begin(1);
    writer.string(2, content);
    for (let depth = 0; depth < 5; depth++) writer.end();
    writer.uint(3, 1);
    let bytes: Uint8Array = writer.take();
    expect([...bytes.subarray(-2)]).toEqual([24, 1]);
    bytes = bytes.subarray(0, -2);
    for (let depth = 0; depth < 6; depth++) {
      expect(bytes[0]).toBe(depth < 5 ? 10 : 18);
      const [size, at] = readVarint(bytes, 1);
      bytes = bytes.subarray(at);
      expect(bytes.length).toBe(Number(size));
    }
    expect(Buffer.from(bytes).equals(Buffer.from(content))).toBe(true);
  }
});

test('a writer is used again, and what it gave does not change', () => {
  const writer = createProtoWriter();
  writer.uint(1, 1);
  const first = writer.take();
  writer.uint(2, 2);
  expect(writer.size).toBe(2);
  expect([...first]).toEqual([8, 1]);
  expect([...writer.take()]).toEqual([16, 2]);
  expect(writer.size).toBe(0);
});

test('messages that do not match are a mistake of the caller', () => {
  const writer = createProtoWriter();
  expect(() => writer.end()).toThrow('end() without begin()');
  writer.begin(1);
  expect(() => writer.take()).toThrow('1 messages are still open');
});
