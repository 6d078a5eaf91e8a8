import type { HistogramValue, NativeValue } from '@inferometer/core';
import { atScale } from '@inferometer/core';

/**
 * What was observed since `before`; without exemplars of its own. Undefined if `now` does not continue it: a count
 * fell, or the bounds or the zero bucket are others.
 */
export function subtractHistogram(now: HistogramValue, before: HistogramValue): HistogramValue | undefined {
  if (now.count < before.count) return undefined;
  const { classic, native } = now;
  const counts = classic && subtractClassic(classic, before.classic);
  const nativeDifference = native && subtractNative(native, before.native);
  if ((classic && !counts) || (native && !nativeDifference)) return undefined;
  return {
    ...now,
    count: now.count - before.count,
    sum: now.sum - before.sum,
    ...(classic && counts ? { classic: { bounds: classic.bounds, counts } } : {}),
    ...(nativeDifference ? { native: nativeDifference } : {}),
  };
}

type Classic = NonNullable<HistogramValue['classic']>;

function subtractClassic(now: Classic, before: Classic | undefined): number[] | undefined {
  if (before === undefined || now.bounds.length !== before.bounds.length) return undefined;
  if (now.bounds !== before.bounds && now.bounds.some((bound, i) => bound !== before.bounds[i]))
    return undefined;
  const counts = now.counts.map((count, i) => count - (before.counts[i] ?? 0));
  return counts.some((count) => count < 0) ? undefined : counts;
}

function subtractNative(now: NativeValue, before: NativeValue | undefined): NativeValue | undefined {
  // A scale only gets coarser as a histogram grows.
  if (before === undefined || before.scale < now.scale) return undefined;
  if (now.zeroThreshold !== before.zeroThreshold || now.zeroCount < before.zeroCount) return undefined;
  const coarse = atScale(before, now.scale);
  const positive = subtractBuckets(now.positive, coarse.positive);
  const none = { offset: 0, counts: [] };
  const negative = subtractBuckets(now.negative ?? none, coarse.negative ?? none);
  if (positive === undefined || negative === undefined) return undefined;
  return {
    ...now,
    zeroCount: now.zeroCount - before.zeroCount,
    positive,
    ...(now.negative ? { negative } : {}),
  };
}

type Buckets = NativeValue['positive'];

function subtractBuckets(now: Buckets, before: Buckets): Buckets | undefined {
  const shift = now.offset - before.offset;
  const isOutside = (i: number): boolean => i < shift || i >= shift + now.counts.length;
  if (before.counts.some((count, i) => count > 0 && isOutside(i))) return undefined;
  const counts = now.counts.map((count, i) => count - (before.counts[i + shift] ?? 0));
  if (counts.some((count) => count < 0)) return undefined;
  // Few of the buckets change between two pushes: the empty ones at the ends are not sent.
  const first = counts.findIndex((count) => count !== 0);
  if (first < 0) return { offset: 0, counts: [] };
  const last = counts.findLastIndex((count) => count !== 0);
  return { offset: now.offset + first, counts: counts.slice(first, last + 1) };
}

/** The histogram without exemplars, apart from the arrays it came in, which a producer may go on writing to. */
export function copyHistogram({ classic, native, exemplars: _, ...rest }: HistogramValue): HistogramValue {
  return {
    ...rest,
    ...(classic ? { classic: { bounds: classic.bounds, counts: [...classic.counts] } } : {}),
    ...(native ? { native: copyOfNative(native) } : {}),
  };
}

function copyOfNative(native: NativeValue): NativeValue {
  const copy = ({ offset, counts }: Buckets): Buckets => ({ offset, counts: [...counts] });
  return {
    ...native,
    positive: copy(native.positive),
    ...(native.negative ? { negative: copy(native.negative) } : {}),
  };
}
