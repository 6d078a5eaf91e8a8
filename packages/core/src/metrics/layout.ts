/**
 * Where things lie in a metric memory: one buffer with one writer, read by others at any time without the writer's
 * help.
 *
 * ```
 * header     32 words (int32): see `header`
 * directory  lines of JSON, append only: a family ({f, name, …}) or a series ({s, at, v})
 * data       slots (float64): blocks of series, found by the `at` of their line
 * ```
 *
 * The header has two numbers of the writes so far. The writer raises the first one, writes, and sets the second one equal;
 * a reader takes the second one, reads, and takes the first one: what it read is whole if they are equal. They stand in
 * a line of the cache of their own, and a histogram's block begins with one: what every observation writes.
 */
export const magic = 0x1fe20003;

export const headerWords = 32;

/** Words of the header. */
export const header = {
  magic: 0,
  directoryBytes: 2,
  directoryCapacity: 3,
  firstSlot: 4,
  /** Series that found no room. */
  refused: 5,
  /** Of files: odd while one is being written. */
  generation: 6,
  /** Tells a memory from another that took its place in a file. */
  instance: 7,
  /** Where the data ends. */
  endSlot: 8,
  /** Writes that have begun. */
  writeBegun: 16,
  /** Of them the last one that is done. */
  writeDone: 17,
} as const;

/** Slots of a counter's or gauge's block. */
export const scalar = { value: 0, createdMs: 1, slots: 2 } as const;

/** Slots at the front of a histogram's block; then classic counts, native counts and exemplars. */
export const histogram = {
  count: 0,
  sum: 1,
  createdMs: 2,
  zeroCount: 3,
  /** Scale of the native buckets. */
  scale: 4,
  /** Index of the bucket in the first native slot. */
  firstIndex: 5,
  /** Native slots in use: from … to, relative to the first; none while from > to. */
  usedFrom: 6,
  usedTo: 7,
  slots: 8,
} as const;

/** Slots of an exemplar: value, time (ms since the epoch; 0 when there is none), trace id (two slots), span id. */
export const exemplar = { value: 0, timestampMs: 1, traceId: 2, spanId: 4, slots: 5 } as const;

/** Values at or below it count as zero in native buckets: the smallest normal double. */
export const zeroThreshold = 2.2250738585072014e-308;

/** Finest native buckets: 256 to a factor of two. Prometheus has none finer. */
export const maxScale = 8;

/** Coarsest native buckets: one to a factor of 65,536. */
export const minScale = -4;

/** With so many native buckets all doubles fit at the coarsest scale. */
export const minNativeBuckets = 128;

/** What a family's directory line says. */
export interface FamilyLine {
  readonly f: number;
  readonly name: string;
  readonly help: string;
  readonly unit?: string;
  readonly otlpName?: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Of histograms. */
  readonly bounds?: readonly number[];
  /** Native buckets at most, 0 for none. */
  readonly native?: number;
}

/** What a series' directory line says. */
export interface SeriesLine {
  readonly s: number;
  /** First slot of its block. */
  readonly at: number;
  /** Label values. */
  readonly v: readonly string[];
}

/** Slots of a line of the cache. */
export const lineSlots = 8;

/** Slots of a histogram's block, whole lines of the cache. */
export function histogramSlots(bounds: number, native: number): number {
  const slots = histogram.slots + (bounds + 1) + native + (bounds + 1) * exemplar.slots;
  return Math.ceil(slots / lineSlots) * lineSlots;
}
