import { crc32 } from 'node:zlib';
import type { Codec, Entry } from './entry.ts';

/**
 * An entry as bytes that another process reads:
 * `magic 4 | crc32 4 | freshUntil 8 | staleUntil 8 | value`, numbers little-endian, times float64 ms since the epoch.
 * The checksum covers the key and all that follows it, so that a value that was cut, changed or stored under another key
 * is told from a good one.
 */
const headerBytes = 24;
/** "ifm" and the version of the form; a process that knows another one takes the entry for corrupt. */
const magic = 0x69_66_6d_01;

export function seal<T>(key: string, entry: Entry<T>, codec: Codec<T>): Buffer {
  const value = codec.encode(entry.value);
  const sealed = Buffer.allocUnsafe(headerBytes + value.length);
  sealed.writeUInt32BE(magic, 0);
  sealed.writeDoubleLE(entry.freshUntil, 8);
  sealed.writeDoubleLE(entry.staleUntil, 16);
  sealed.set(value, headerBytes);
  sealed.writeUInt32LE(checksum(key, sealed), 4);
  return sealed;
}

/** @returns undefined for anything but an entry that was sealed under this key */
export function unseal<T>(key: string, sealed: Buffer, codec: Codec<T>): Entry<T> | undefined {
  if (sealed.length < headerBytes || sealed.readUInt32BE(0) !== magic) return undefined;
  if (sealed.readUInt32LE(4) !== checksum(key, sealed)) return undefined;
  const value = codec.decode(sealed.subarray(headerBytes));
  if (value === undefined) return undefined;
  return { value, freshUntil: sealed.readDoubleLE(8), staleUntil: sealed.readDoubleLE(16) };
}

function checksum(key: string, sealed: Buffer): number {
  return crc32(sealed.subarray(8), crc32(key));
}
