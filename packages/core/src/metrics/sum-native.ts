import type { NativeValue } from './family.ts';

type Buckets = NativeValue['positive'];

const none: Buckets = { offset: 0, counts: [] };

/** The native buckets of both, at the coarser one's scale. Their zero thresholds must be the same. */
export function sumNative(a: NativeValue, b: NativeValue): NativeValue {
  const scale = Math.min(a.scale, b.scale);
  const sum = (x: Buckets, y: Buckets): Buckets =>
    addBuckets(coarser(x, a.scale - scale), coarser(y, b.scale - scale));
  return {
    scale,
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    zeroCount: a.zeroCount + b.zeroCount,
    positive: sum(a.positive, b.positive),
    ...(a.negative || b.negative ? { negative: sum(a.negative ?? none, b.negative ?? none) } : {}),
  };
}

function addBuckets(x: Buckets, y: Buckets): Buckets {
  if (x.counts.length === 0) return y;
  if (y.counts.length === 0) return x;
  const offset = Math.min(x.offset, y.offset);
  const end = Math.max(x.offset + x.counts.length, y.offset + y.counts.length);
  const counts = Array.from(
    { length: end - offset },
    (_, i) => (x.counts[offset + i - x.offset] ?? 0) + (y.counts[offset + i - y.offset] ?? 0),
  );
  return { offset, counts };
}

/** The buckets with 2^shift of them merged into one each. */
function coarser({ offset, counts }: Buckets, shift: number): Buckets {
  if (shift === 0 || counts.length === 0) return { offset, counts };
  const first = offset >> shift;
  const merged: number[] = [];
  counts.forEach((count, i) => {
    const index = ((offset + i) >> shift) - first;
    merged[index] = (merged[index] ?? 0) + count;
  });
  return { offset: first, counts: merged };
}
