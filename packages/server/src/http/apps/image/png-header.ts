import { BadImage } from './bad-image.ts';
import { orientationOf } from './exif.ts';
import type { Orientation, PngHeader } from './header.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples of a pixel, by color type. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Walks the chunks of a PNG: https://www.w3.org/TR/png-3/
 * @throws {BadImage} if one is cut off, or the first one is not what it must be
 */
export function readPngHeader(bytes: Uint8Array): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = signature.length;
  let head: Omit<PngHeader, 'orientation' | 'end'> | undefined;
  let orientation: Orientation = 1;
  let hasPixels = false;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    const data = at + 8;
    const end = data + length + 4;
    if (end > bytes.length) break;
    if (!head) head = readIhdr(view, type, data, length);
    else if (type === chunk.IDAT) hasPixels = true;
    else if (type === chunk.eXIf) orientation = orientationOf(bytes.subarray(data, data + length));
    else if (type === chunk.IEND) {
      if (!hasPixels) throw new BadImage('the PNG has no pixels');
      return { ...head, orientation, end };
    }
    at = end;
  }
  throw new BadImage('the PNG is cut off');
}

const chunk = { IHDR: 0x49484452, IDAT: 0x49444154, IEND: 0x49454e44, eXIf: 0x65584966 } as const;

/** Pixels that a pass has: from the first on, every so many to the right and down. */
const wholeImage = { left: 0, top: 0, right: 1, down: 1 } as const;
const adam7 = [
  { left: 0, top: 0, right: 8, down: 8 },
  { left: 4, top: 0, right: 8, down: 8 },
  { left: 0, top: 4, right: 4, down: 8 },
  { left: 2, top: 0, right: 4, down: 4 },
  { left: 0, top: 2, right: 2, down: 4 },
  { left: 1, top: 0, right: 2, down: 2 },
  { left: 0, top: 1, right: 1, down: 2 },
] as const;

function readIhdr(
  view: DataView,
  type: number,
  at: number,
  length: number,
): Omit<PngHeader, 'orientation' | 'end'> {
  if (type !== chunk.IHDR || length !== 13) throw new BadImage('the PNG does not begin with its header');
  const width = view.getUint32(at);
  const height = view.getUint32(at + 4);
  const depth = view.getUint8(at + 8);
  const color = view.getUint8(at + 9);
  const interlace = view.getUint8(at + 12);
  if (!depths[color]?.includes(depth) || view.getUint16(at + 10) !== 0 || interlace > 1) {
    throw new BadImage(`the PNG has color type ${color} with depth ${depth}, which no PNG has`);
  }
  const bits = (samples[color] as number) * depth;
  const rawBytes = (interlace === 1 ? adam7 : [wholeImage]).reduce((sum, pass) => {
    const columns = Math.ceil((width - pass.left) / pass.right);
    const rows = Math.ceil((height - pass.top) / pass.down);
    // A byte before each row says how it is filtered; a pass without columns has no rows either.
    return columns > 0 && rows > 0 ? sum + rows * (1 + Math.ceil((columns * bits) / 8)) : sum;
  }, 0);
  return { format: 'png', width, height, rawBytes };
}
