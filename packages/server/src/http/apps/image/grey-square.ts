import { areaAverage } from './area-average.ts';
import type { Pixels } from './decode.ts';
import { orient } from './orient.ts';

/** Parts of red, green and blue in brightness: ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114] as const;

/**
 * An image as a model of small grey squares takes it: shrunk with its proportions kept, in the middle of a square that
 * goes on as its border is, the way it is to be looked at. What can be seen through is white.
 * @param side of the square, pixels, integer >= 1
 * @returns brightness from 0 to 1, row by row, shape [side, side]
 */
export function greySquare(image: Pixels, side: number): Float32Array {
  const scale = side / Math.max(image.width, image.height);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const small = areaAverage(image, (y, row) => greyRow(image, y, row), width, height);
  const square = new Float32Array(side * side).fill(borderOf(small, width, height));
  const left = (side - width) >> 1;
  const top = (side - height) >> 1;
  for (let y = 0; y < height; y++) {
    square.set(small.subarray(y * width, (y + 1) * width), (top + y) * side + left);
  }
  return orient(square, side, image.header.orientation);
}

function greyRow({ rgba, width }: Pixels, y: number, row: Float32Array): void {
  let at = y * width * 4;
  for (let x = 0; x < width; x++, at += 4) {
    const brightness =
      luma[0] * (rgba[at] as number) +
      luma[1] * (rgba[at + 1] as number) +
      luma[2] * (rgba[at + 2] as number);
    const alpha = (rgba[at + 3] as number) / 255;
    row[x] = (brightness / 255) * alpha + 1 - alpha;
  }
}

/** Mean of the outermost pixels. */
function borderOf(grey: Float32Array, width: number, height: number): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    const isEdge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += isEdge ? 1 : Math.max(1, width - 1)) {
      sum += grey[y * width + x] as number;
      count++;
    }
  }
  return sum / count;
}
