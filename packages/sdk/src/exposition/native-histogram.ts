import type { NativeValue } from '@inferometer/core';

type Buckets = NativeValue['positive'];

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
