import { BadImage } from './bad-image.ts';
import { orientationOf } from './exif.ts';
import type { JpegHeader, Orientation } from './header.ts';

const marker = { SOI: 0xd8, EOI: 0xd9, SOS: 0xda, APP1: 0xe1, APP14: 0xee } as const;
/** Frames by Huffman coding that are decoded: baseline, extended, progressive. */
const frames = [0xc0, 0xc1, 0xc2];
/** Markers from 0xc0 to 0xcf that are no frames: Huffman tables, reserved, arithmetic conditioning. */
const noFrames = [0xc4, 0xc8, 0xcc];

interface Frame {
  readonly width: number;
  readonly height: number;
  /** Ids of its components. */
  readonly ids: readonly number[];
}

/**
 * Walks the segments of a JPEG up to its pixels: https://www.w3.org/Graphics/JPEG/itu-t81.pdf
 * @throws {BadImage} if it is cut off, or of a kind that is not decoded
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  let frame: Frame | undefined;
  let orientation: Orientation = 1;
  let adobeTransform: number | undefined;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff)
      throw new BadImage('the JPEG is damaged: a segment does not begin where it should');
    const code = bytes[at + 1] as number;
    // Any number of 0xff may stand before a marker.
    if (code === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const data = at + 4;
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) break;
    if (code === marker.SOS) {
      if (!frame) throw new BadImage('the JPEG is damaged: its pixels come before its size');
      const scans = scansOf(bytes, end);
      if (scans === undefined) break;
      if (scans > maxScans) throw new BadImage(`the JPEG has ${scans} scans, expected at most ${maxScans}`);
      return {
        format: 'jpeg',
        width: frame.width,
        height: frame.height,
        orientation,
        isYcc: isYcc(frame, adobeTransform),
      };
    }
    if (code >= 0xc0 && code <= 0xcf && !noFrames.includes(code)) {
      if (frame) throw new BadImage('the JPEG has several frames, expected one');
      frame = readFrame(view, code, data, end);
    } else if (code === marker.APP1 && startsWith(bytes, data, 'Exif\0\0')) {
      orientation = orientationOf(bytes.subarray(data + 6, end));
    } else if (code === marker.APP14 && startsWith(bytes, data, 'Adobe') && end - data >= 12) {
      adobeTransform = bytes[data + 11];
    }
    at = end;
  }
  throw new BadImage('the JPEG is cut off');
}

function readFrame(view: DataView, code: number, at: number, end: number): Frame {
  if (!frames.includes(code)) {
    throw new BadImage('the JPEG is arithmetic, lossless or hierarchical, expected baseline or progressive');
  }
  if (end - at < 6) throw new BadImage('the JPEG is damaged: its frame is too short');
  const precision = view.getUint8(at);
  if (precision !== 8) throw new BadImage(`the JPEG has ${precision} bits a sample, expected 8`);
  const components = view.getUint8(at + 5);
  if (components === 4) throw new BadImage('the JPEG is CMYK, expected grey or RGB');
  if ((components !== 1 && components !== 3) || end - at < 6 + 3 * components) {
    throw new BadImage(`the JPEG has ${components} components, expected 1 or 3`);
  }
  const ids = Array.from({ length: components }, (_, i) => view.getUint8(at + 6 + 3 * i));
  return { height: view.getUint16(at + 1), width: view.getUint16(at + 3), ids };
}

/** As libjpeg tells: Adobe's marker first, else components that are named R, G and B. */
function isYcc({ ids }: Frame, adobeTransform: number | undefined): boolean {
  return adobeTransform === undefined ? String.fromCharCode(...ids) !== 'RGB' : adobeTransform !== 0;
}

/** Progressive ones have ten; each takes a walk over all pixels, so that a small file could keep a core for hours. */
const maxScans = 64;

/**
 * Passes over the pixels up to the image's end: within pixels 0xff is always followed by something else.
 * @param from where the first one's pixels begin
 * @returns undefined if the end is missing
 */
function scansOf(bytes: Uint8Array, from: number): number | undefined {
  let scans = 1;
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === marker.SOS) scans++;
    else if (bytes[at + 1] === marker.EOI) return scans;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .subarray(at, at + text.length)
    .equals(Buffer.from(text, 'latin1'));
}
