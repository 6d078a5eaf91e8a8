import type { Codec } from './entry.ts';

/** Vectors as little-endian float32, as all platforms of onnxruntime-node have them in memory. */
export const vectorCodec: Codec<Float32Array> = {
  bytesOf: (vector) => vector.byteLength,
  encode: (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
  decode(bytes) {
    if (bytes.length === 0 || bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) return undefined;
    const vector = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
    // Bytes from a socket lie anywhere: a view of float32 must be aligned.
    new Uint8Array(vector.buffer).set(bytes);
    return vector;
  },
};

/** Bytes as they are, such as JSON in UTF-8. */
export const bytesCodec: Codec<Uint8Array> = {
  bytesOf: (bytes) => bytes.byteLength,
  encode: (bytes) => bytes,
  // A copy: the bytes may be part of a much larger chunk from the socket, which would stay in memory with them.
  decode: (bytes) => Uint8Array.from(bytes),
};
