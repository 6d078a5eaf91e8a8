import type { NativeValue } from './family.ts';

type Buckets = NativeValue['positive'];

/** The finest and the coarsest scale of Prometheus' native histograms. */
export const maxScale = 8;
export const minScale: number = -4;

/**
 * The histogram at a scale that is not finer than its own: 2^shift neighbours become one bucket. The same object if
 * the scale is its own.
 * @param scale integer <= `value.scale`
 */
export function atScale(value: NativeValue, scale: number): NativeValue {
  const shift = value.scale - scale;
  if (shift === 0) return value;
  return {
    ...value,
    scale,
    positive: mergeBuckets(value.positive, shift),
    ...(value.negative ? { negative: mergeBuckets(value.negative, shift) } : {}),
  };
}

function mergeBuckets({ offset, counts }: Buckets, shift: number): Buckets {
  if (counts.length === 0) return { offset: 0, counts: [] };
  // An arithmetic shift rounds down, as bucket indices below 0 need it.
  const first = offset >> shift;
  const last = (offset + counts.length - 1) >> shift;
  const merged = new Array<number>(last - first + 1).fill(0);
  counts.forEach((count, i) => {
    const index = ((offset + i) >> shift) - first;
    merged[index] = (merged[index] as number) + count;
  });
  return { offset: first, counts: merged };
}

/** Observations in all buckets, that of zero too. */
function nativeTotal({ zeroCount, positive, negative }: NativeValue): number {
  let total = zeroCount;
  for (const count of positive.counts) total += count;
  for (const count of negative?.counts ?? []) total += count;
  return total;
}

/**
 * The count of a histogram that Prometheus takes: it refuses one whose count and buckets disagree, but for NaNs, which
 * are in no bucket.
 * @param otherTotal count by another account, such as that of the classic buckets
 */
export function nativeCount(native: NativeValue, otherTotal: number, sum: number): number {
  const total = nativeTotal(native);
  return Number.isNaN(sum) ? Math.max(total, otherTotal) : total;
}

export interface Spans {
  /** Gap to the span before, or the first bucket's index, and the number of buckets; one after the other. */
  readonly spans: readonly number[];
  /** Each bucket's count less the one before it. */
  readonly deltas: readonly number[];
}

/** A gap of so many empty buckets or fewer is written as buckets: a span costs more. As in client_golang. */
const maxEmptyInSpan = 2;

/** Prometheus' sparse spelling of buckets. Its bucket i + 1 is our bucket i: it counts by upper bounds. */
export function toSpans({ offset, counts }: Buckets): Spans {
  const spans: number[] = [];
  const deltas: number[] = [];
  let next = 0;
  let before = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    if (count === 0) continue;
    const index = offset + i + 1;
    if (spans.length === 0 || index - next > maxEmptyInSpan) spans.push(index - next, 0);
    else {
      for (; next < index; next++) {
        deltas.push(0 - before);
        before = 0;
        spans[spans.length - 1] = (spans.at(-1) as number) + 1;
      }
    }
    deltas.push(count - before);
    before = count;
    spans[spans.length - 1] = (spans.at(-1) as number) + 1;
    next = index + 1;
  }
  return { spans, deltas };
}
