import { hash } from 'node:crypto';

/** Characters of base64url that hold 132 bits. */
const keyCharacters = 22;

/**
 * 132 bits of the SHA-256 of bytes, as 22 characters: as many that no two inputs will ever meet by chance or by intent.
 */
export function keyOf(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'base64url').slice(0, keyCharacters);
}

/** The key of a text's tokens. */
export function keyOfTokens(ids: Int32Array): string {
  return keyOf(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
}
