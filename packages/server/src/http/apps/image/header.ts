import { BadImage } from './bad-image.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { isPng, readPngHeader } from './png-header.ts';

/** How an image lies: 1 as it is, else turned or mirrored as EXIF's tag 0x0112 says. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface PngHeader {
  readonly format: 'png';
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Bytes of all pixels before compression. */
  readonly rawBytes: number;
  /** End of the last chunk: what follows is no part of the image. */
  readonly end: number;
}

export interface JpegHeader {
  readonly format: 'jpeg';
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Whether three components are YCbCr, and not RGB. */
  readonly isYcc: boolean;
}

export type ImageHeader = PngHeader | JpegHeader;

/** Pixels of the largest image that is decoded: some 200 MB of memory and a second of processor, as JPEG. */
export const maxPixels = 16_777_216;

/**
 * What the head of a PNG or JPEG says, without decoding anything; reads each chunk's length and no pixel.
 * @throws {BadImage} if it is neither, is cut off, is of a kind that is not decoded, or has too many pixels
 */
export function readHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw new BadImage('expected a PNG or JPEG image, got nothing');
  const header = isPng(bytes) ? readPngHeader(bytes) : isJpeg(bytes) ? readJpegHeader(bytes) : undefined;
  if (!header) throw new BadImage(`expected a PNG or JPEG image, got ${nameOf(bytes)}`);
  const { width, height } = header;
  if (width === 0 || height === 0)
    throw new BadImage(`the image is ${width} × ${height}, expected some pixels`);
  if (width * height > maxPixels) {
    throw new BadImage(`the image is ${width} × ${height}, expected at most ${maxPixels} pixels`);
  }
  return header;
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

const others: readonly (readonly [name: string, at: number, text: string])[] = [
  ['a GIF', 0, 'GIF8'],
  ['a WebP', 8, 'WEBP'],
  ['a BMP', 0, 'BM'],
  ['a TIFF', 0, 'II*\0'],
  ['a TIFF', 0, 'MM\0*'],
  ['an AVIF', 4, 'ftypavif'],
  ['a HEIC', 4, 'ftyphei'],
  ['a PDF', 0, '%PDF'],
];

function nameOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return others.find(([, at, start]) => text.startsWith(start, at))?.[0] ?? 'something else';
}
