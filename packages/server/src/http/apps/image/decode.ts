import { inflateSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { BadImage } from './bad-image.ts';
import { type ImageHeader, type JpegHeader, type PngHeader, readHeader } from './header.ts';

/** An image in memory. */
export interface Pixels {
  readonly header: ImageHeader;
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha, 0 to 255 each, row by row; shape [height, width, 4]. */
  readonly rgba: Uint8Array;
}

/** Memory of a JPEG while it is decoded, MB: what `maxPixels` need at most. */
const maxJpegMegabytes = 512;

/**
 * Decodes a PNG or JPEG.
 * @throws {BadImage} if it is neither, or damaged, or too large
 */
export function decodeImage(bytes: Uint8Array): Pixels {
  const header = readHeader(bytes);
  const { format, width, height } = header;
  try {
    const rgba = header.format === 'png' ? decodePng(bytes, header) : decodeJpeg(bytes, header);
    if (rgba.length !== width * height * 4) throw new Error('it has not the pixels that it says');
    return { header, width, height, rgba };
  } catch (error) {
    if (error instanceof BadImage) throw error;
    const what = format === 'png' ? 'PNG' : 'JPEG';
    throw new BadImage(
      `the ${what} cannot be decoded: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
}

function decodePng(bytes: Uint8Array, header: PngHeader): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, header.end);
  // pngjs unpacks without a bound where pixels are interlaced, and takes too few of them for black ones.
  const unpacked = inflateSync(pixelsOf(buffer), { maxOutputLength: header.rawBytes }).length;
  if (unpacked < header.rawBytes) throw new Error(`it has ${unpacked} of ${header.rawBytes} bytes of pixels`);
  return PNG.sync.read(buffer).data;
}

/** The packed pixels of a PNG whose chunks are known to be whole. */
function pixelsOf(buffer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < buffer.length; at += 12 + buffer.readUInt32BE(at)) {
    if (buffer.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(buffer.subarray(at + 8, at + 8 + buffer.readUInt32BE(at)));
  }
  return Buffer.concat(parts);
}

function decodeJpeg(bytes: Uint8Array, { isYcc }: JpegHeader): Uint8Array {
  return jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    colorTransform: isYcc,
    maxMemoryUsageInMB: maxJpegMegabytes,
  }).data;
}
