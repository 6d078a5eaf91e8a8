import type { Orientation } from './header.ts';

/** Where in the image as it lies a place of the image as it is looked at comes from; `last` is the side less 1. */
const sources: Readonly<
  Record<Orientation, (x: number, y: number, last: number) => readonly [x: number, y: number]>
> = {
  1: (x, y) => [x, y],
  2: (x, y, last) => [last - x, y],
  3: (x, y, last) => [last - x, last - y],
  4: (x, y, last) => [x, last - y],
  5: (x, y) => [y, x],
  6: (x, y, last) => [y, last - x],
  7: (x, y, last) => [last - y, last - x],
  8: (x, y, last) => [last - y, x],
};

/**
 * Turns and mirrors a square as EXIF's orientation says.
 * @param square row by row, shape [side, side]
 */
export function orient(square: Float32Array, side: number, orientation: Orientation): Float32Array {
  if (orientation === 1) return square;
  const source = sources[orientation];
  return Float32Array.from(square, (_, index) => {
    const [x, y] = source(index % side, Math.floor(index / side), side - 1);
    return square[y * side + x] as number;
  });
}
