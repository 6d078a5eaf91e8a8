import { deserialize, serialize } from 'node:v8';

/** Any value as text: what JSON does not know (NaN, bytes) arrives as it was. For what is rare. */
export function packed(value: unknown): string {
  return serialize(value).toString('base64');
}

export function unpacked(text: string): unknown {
  return deserialize(Buffer.from(text, 'base64'));
}
