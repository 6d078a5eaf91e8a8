import { type IdWords, writeIds } from '../ids.ts';
import { exemplar, histogram, maxScale, minScale, zeroThreshold } from './layout.ts';
import { nativeIndex } from './native-index.ts';
import type { WriteSequence } from './write-sequence.ts';

/** One set of label values of a histogram. Observing allocates nothing and takes no lock. */
export interface HistogramSeries {
  /** @param value in the family's unit; NaN and infinities are not counted: no sum would be finite after them */
  observe(value: number): void;
  /** Counts the value and makes the trace the exemplar of its bucket. */
  observeIn(value: number, ids: IdWords, epochMs: number): void;
  /** When the bucket of a value got its exemplar, ms since the epoch; 0 for never. */
  exemplarAt(value: number): number;
}

/** The buffer's views, as the writer holds them. */
export interface MemoryViews {
  readonly slots: Float64Array;
  readonly words: Int32Array;
  readonly sequence: WriteSequence;
  /** Tells that slots have been written, for memories that are copied elsewhere. */
  readonly touched: ((from: number, to: number) => void) | undefined;
}

/** A bucket's exemplar stays so long at least. */
const exemplarMs = 1000;

export class SharedHistogram implements HistogramSeries {
  readonly #slots: Float64Array;
  readonly #words: Int32Array;
  readonly #sequence: WriteSequence;
  readonly #touched: MemoryViews['touched'];
  readonly #at: number;
  readonly #bounds: Float64Array;
  readonly #native: number;
  readonly #end: number;

  constructor(views: MemoryViews, at: number, bounds: Float64Array, native: number, size: number) {
    this.#slots = views.slots;
    this.#words = views.words;
    this.#sequence = views.sequence;
    this.#touched = views.touched;
    this.#at = at;
    this.#bounds = bounds;
    this.#native = native;
    this.#end = at + size;
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sequence.begin();
    this.#count(value, this.#bucketOf(value));
    this.#commit();
  }

  observeIn(value: number, ids: IdWords, epochMs: number): void {
    if (!Number.isFinite(value)) return;
    const bucket = this.#bucketOf(value);
    const at = this.#exemplarSlot(bucket);
    this.#sequence.begin();
    this.#count(value, bucket);
    // Nobody reads more often: of the requests of one second the first one will do.
    if (epochMs - (this.#slots[at + exemplar.timestampMs] as number) >= exemplarMs) {
      this.#point(at, value, ids, epochMs);
    }
    this.#commit();
  }

  #point(at: number, value: number, ids: IdWords, epochMs: number): void {
    this.#slots[at + exemplar.value] = value;
    this.#slots[at + exemplar.timestampMs] = epochMs;
    writeIds(this.#words, (at + exemplar.traceId) * 2, ids);
  }

  exemplarAt(value: number): number {
    return this.#slots[this.#exemplarSlot(this.#bucketOf(value)) + exemplar.timestampMs] as number;
  }

  #exemplarSlot(bucket: number): number {
    return this.#at + histogram.slots + this.#bounds.length + 1 + this.#native + bucket * exemplar.slots;
  }

  /** Number of bounds below the value: bounds are inclusive above. */
  #bucketOf(value: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #commit(): void {
    this.#sequence.commit();
    if (this.#touched) this.#touched(this.#at, this.#end);
  }

  #count(value: number, bucket: number): void {
    const slots = this.#slots;
    const at = this.#at;
    (slots[at + histogram.count] as number)++;
    slots[at + histogram.sum] = (slots[at + histogram.sum] as number) + value;
    (slots[at + histogram.slots + bucket] as number)++;
    if (this.#native === 0) return;
    // Negative values have no place among latencies, sizes and ratios; they count as zero in native buckets.
    if (value <= zeroThreshold) (slots[at + histogram.zeroCount] as number)++;
    else this.#countNative(value);
  }

  #countNative(value: number): void {
    const slots = this.#slots;
    const at = this.#at;
    const index = nativeIndex(value, slots[at + histogram.scale] as number);
    const position = index - (slots[at + histogram.firstIndex] as number);
    const from = slots[at + histogram.usedFrom] as number;
    const to = slots[at + histogram.usedTo] as number;
    if (position >= from && position <= to) {
      (slots[at + histogram.slots + this.#bounds.length + 1 + position] as number)++;
      return;
    }
    this.#widen(value, index);
  }

  /** Makes room for a bucket outside of those in use: moves them, or halves their number until all fit. */
  #widen(value: number, index: number): void {
    const slots = this.#slots;
    const at = this.#at;
    const first = at + histogram.slots + this.#bounds.length + 1;
    const size = this.#native;
    let from = slots[at + histogram.usedFrom] as number;
    let to = slots[at + histogram.usedTo] as number;
    let base = slots[at + histogram.firstIndex] as number;
    if (from > to) {
      base = index - (size >> 1);
      from = to = index - base;
    } else {
      let scale = slots[at + histogram.scale] as number;
      let wanted = index;
      while (Math.max(base + to, wanted) - Math.min(base + from, wanted) >= size && scale > minScale) {
        [base, from, to] = this.#halve(first, base, from, to);
        scale--;
        wanted = nativeIndex(value, scale);
      }
      slots[at + histogram.scale] = scale;
      const low = Math.min(base + from, wanted);
      const high = Math.max(base + to, wanted);
      if (low < base || high >= base + size) {
        // Centred, so that the next one finds room on either side.
        const moved = low - ((size - (high - low + 1)) >> 1);
        slots.copyWithin(first + base + from - moved, first + from, first + to + 1);
        const start = base + from - moved;
        const stop = base + to - moved;
        for (let i = from; i <= to; i++) if (i < start || i > stop) slots[first + i] = 0;
        base = moved;
      }
      from = low - base;
      to = high - base;
      index = wanted;
    }
    slots[at + histogram.firstIndex] = base;
    slots[at + histogram.usedFrom] = from;
    slots[at + histogram.usedTo] = to;
    (slots[first + index - base] as number)++;
  }

  /** Merges neighbouring buckets in pairs, in place. */
  #halve(first: number, base: number, from: number, to: number): [number, number, number] {
    const slots = this.#slots;
    const low = (base + from) >> 1;
    const high = (base + to) >> 1;
    // New buckets are written from slot `from` on: no old one is overwritten before it has been read.
    const merged = low - from;
    for (let index = low; index <= high; index++) {
      let sum = 0;
      for (let old = index * 2; old <= index * 2 + 1; old++) {
        const position = old - base;
        if (position >= from && position <= to) sum += slots[first + position] as number;
      }
      slots[first + index - merged] = sum;
    }
    const newTo = high - merged;
    for (let position = newTo + 1; position <= to; position++) slots[first + position] = 0;
    return [merged, from, newTo];
  }
}

/** What an empty histogram's block has besides zeros. */
export function initHistogram(slots: Float64Array, at: number, createdMs: number): void {
  slots[at + histogram.createdMs] = createdMs;
  slots[at + histogram.scale] = maxScale;
  slots[at + histogram.usedFrom] = 1;
  slots[at + histogram.usedTo] = 0;
}
