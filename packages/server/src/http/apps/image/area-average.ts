/** How much of a source place goes to a target place. */
interface Share {
  readonly from: number;
  readonly to: number;
  /** Part of the target that it makes up; those of a target add up to 1. */
  readonly weight: number;
}

/**
 * Resizes an image of one channel: each target pixel is the mean of what it covers, parts of pixels by their part.
 * @param width of the source, pixels; `height` likewise
 * @param readRow writes the source's row y, shape [width]
 * @returns shape [toHeight, toWidth]
 */
export function areaAverage(
  { width, height }: { readonly width: number; readonly height: number },
  readRow: (y: number, row: Float32Array) => void,
  toWidth: number,
  toHeight: number,
): Float32Array {
  const across = sharesOf(width, toWidth);
  const down = sharesOf(height, toHeight);
  const result = new Float32Array(toWidth * toHeight);
  const row = new Float32Array(width);
  const narrow = new Float32Array(toWidth);
  let last = -1;
  for (const { from: y, to, weight } of down) {
    if (y !== last) {
      readRow(y, row);
      narrow.fill(0);
      for (const share of across)
        narrow[share.to] = (narrow[share.to] as number) + share.weight * (row[share.from] as number);
      last = y;
    }
    const start = to * toWidth;
    for (let x = 0; x < toWidth; x++)
      result[start + x] = (result[start + x] as number) + weight * (narrow[x] as number);
  }
  return result;
}

/** In the order of the source, so that each of its rows is read once. */
function sharesOf(source: number, target: number): readonly Share[] {
  const shares: Share[] = [];
  const size = source / target;
  for (let to = 0; to < target; to++) {
    const start = to * size;
    const end = to === target - 1 ? source : start + size;
    for (let from = Math.floor(start); from < end; from++) {
      const weight = (Math.min(end, from + 1) - Math.max(start, from)) / size;
      if (weight > 0) shares.push({ from, to, weight });
    }
  }
  return shares;
}
