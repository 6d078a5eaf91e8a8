import { isUtf8 } from 'node:buffer';
import { type TensorData, type TypedArray, tensorArrays } from '@inferometer/engine';
import { RequestProblem } from '../problem.ts';
import { bytesOf } from './datatypes.ts';

/** Length before each element of BYTES, bytes. */
const prefixLength = 4;

/**
 * A tensor's elements from its bytes: numbers little-endian, texts each behind its length (4 bytes, little-endian).
 * Numbers are not copied where their bytes lie as their array needs it.
 * @param count elements of the shape
 * @throws {RequestProblem} 400 if the bytes are not as many as the elements take, or a text is no UTF-8
 */
export function dataFromBytes(bytes: Buffer, type: string, count: number, field: string): TensorData['data'] {
  const array = tensorArrays[type];
  if (array === undefined) return textsOf(bytes, count, field);
  const width = array.BYTES_PER_ELEMENT;
  if (bytes.length !== count * width) {
    const message = `${count} elements take ${count * width} bytes, got ${bytes.length}`;
    throw new RequestProblem(400, 'invalid_value', message, field);
  }
  const aligned = bytes.byteOffset % width === 0 ? bytes : Uint8Array.from(bytes);
  return new array(aligned.buffer, aligned.byteOffset, count);
}

function textsOf(bytes: Buffer, count: number, field: string): string[] {
  const wrong = (message: string): RequestProblem => new RequestProblem(400, 'invalid_value', message, field);
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + prefixLength > bytes.length)
      throw wrong(`element ${texts.length} ends within its length, at byte ${bytes.length}`);
    const length = bytes.readUInt32LE(at);
    const end = at + prefixLength + length;
    if (end > bytes.length) {
      const left = bytes.length - at - prefixLength;
      throw wrong(`element ${texts.length} says it has ${length} bytes, but ${left} are left`);
    }
    const text = bytes.subarray(at + prefixLength, end);
    if (!isUtf8(text)) throw wrong(`element ${texts.length} is not valid UTF-8`);
    texts.push(text.toString('utf8'));
    at = end;
  }
  if (texts.length !== count) throw wrong(`the shape has ${count} elements, got ${texts.length}`);
  return texts;
}

/** The bytes of a tensor as `dataFromBytes` reads them. */
export function bytesOfTensor({ type, data }: TensorData): Buffer {
  if (type !== 'string') return bytesOf(data as TypedArray);
  const parts: Buffer[] = [];
  for (const text of data as readonly string[]) {
    const bytes = Buffer.from(text, 'utf8');
    const prefix = Buffer.alloc(prefixLength);
    prefix.writeUInt32LE(bytes.length);
    parts.push(prefix, bytes);
  }
  return Buffer.concat(parts);
}
