import { randomWord } from '../ids.ts';
import {
  type HistogramSeries,
  initHistogram,
  type MemoryViews,
  SharedHistogram,
} from './histogram-series.ts';
import { createLabelIndex } from './label-index.ts';
import {
  type FamilyLine,
  header,
  headerWords,
  histogramSlots,
  lineSlots,
  magic,
  minNativeBuckets,
  type SeriesLine,
  scalar,
} from './layout.ts';
import { type CounterSeries, type GaugeSeries, SharedCounter, SharedScalar } from './scalar-series.ts';
import { createWriteSequence, type WriteSequence } from './write-sequence.ts';

export interface MetricDefinition {
  /** Prometheus name; a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  /** UCUM, such as `s`. */
  readonly unit?: string;
  /** Name of the instrument as OTLP has it, where it does not follow from the Prometheus name. */
  readonly otlpName?: string;
  /** Label names, 3 at most. */
  readonly labels?: readonly string[];
}

export interface HistogramDefinition extends MetricDefinition {
  /** Upper bounds of the classic buckets, ascending, finite. */
  readonly bounds: readonly number[];
  /** Native buckets at most, integer >= 128, or 0 for none. @default 160 */
  readonly nativeBuckets?: number;
}

export interface CounterFamily {
  /** The series of label values, in the order of the labels. */
  of(a?: string, b?: string, c?: string): CounterSeries;
}

export interface GaugeFamily {
  of(a?: string, b?: string, c?: string): GaugeSeries;
}

export interface HistogramFamily {
  of(a?: string, b?: string, c?: string): HistogramSeries;
}

/**
 * Metrics in one buffer, written here without locks or messages and read by whoever has the buffer. Observations between
 * `begin` and `commit` share the cost of both.
 */
export interface MetricMemory extends WriteSequence {
  readonly buffer: SharedArrayBuffer | ArrayBuffer;
  counter(definition: MetricDefinition): CounterFamily;
  gauge(definition: MetricDefinition): GaugeFamily;
  /** @throws {RangeError} if the bounds do not ascend, or there are too many or too few buckets */
  histogram(definition: HistogramDefinition): HistogramFamily;
}

export interface MetricMemoryOptions {
  /** Bytes, >= 65,536, of which only those in use take memory. @default 64 MiB */
  readonly bytes?: number;
  /** Distinct values of a label before the rest are `other`, integer >= 1. @default 100 */
  readonly labelLimit?: number;
  /** Told of bytes that were written, for a memory that is copied to a file. */
  readonly touched?: (fromByte: number, toByte: number) => void;
  /** Wall clock, ms. @default Date.now */
  readonly now?: () => number;
}

/** Counts what a label's limit folded into `other`; every memory has it. */
export const foldedMetric = 'inferometer_label_values_folded_total';

const defaultNativeBuckets = 160;

/** Counts series that found no room in the memory; every memory has it. */
export const refusedMetric = 'inferometer_series_refused_total';

/** Slots at the end that nobody reads, for series that found no room. */
const spareSlots = 4096;

const minBytes = 65_536;
const maxLabels = 3;

/** @throws {RangeError} if an option is out of range */
export function createMetricMemory(options: MetricMemoryOptions = {}): MetricMemory {
  const bytes = options.bytes ?? 64 * 1024 * 1024;
  if (!Number.isInteger(bytes) || bytes < minBytes) {
    throw new RangeError(`bytes must be an integer >= ${minBytes}, got ${bytes}`);
  }
  // The data that follows begins with a line of the cache.
  const directoryCapacity = Math.floor(bytes / 8 / 64) * 64;
  // Pages that are never written take no memory, so that room for many series costs nothing.
  const buffer = new SharedArrayBuffer(Math.floor(bytes / 8) * 8);
  const words = new Int32Array(buffer);
  const slots = new Float64Array(buffer);
  const directory = new Uint8Array(buffer, headerWords * 4, directoryCapacity);
  const limit = options.labelLimit ?? 100;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`labelLimit must be an integer >= 1, got ${limit}`);
  }
  const now = options.now ?? Date.now;
  const encoder = new TextEncoder();
  const { touched } = options;
  const sequence = createWriteSequence(words);
  const views: MemoryViews = {
    slots,
    words,
    sequence,
    touched: touched && ((from, to) => touched(from * 8, to * 8)),
  };
  let directoryBytes = 0;
  let nextSlot = headerWords / 2 + directoryCapacity / 8;
  let families = 0;
  words[header.magic] = magic;
  words[header.directoryCapacity] = directoryCapacity;
  words[header.firstSlot] = nextSlot;
  words[header.endSlot] = nextSlot;
  words[header.instance] = randomWord();

  /** @returns whether there was room */
  const publish = (line: FamilyLine | SeriesLine): boolean => {
    const text = encoder.encode(`${JSON.stringify(line)}\n`);
    if (directoryBytes + text.length > directoryCapacity) return false;
    directory.set(text, directoryBytes);
    const start = headerWords * 4 + directoryBytes;
    directoryBytes += text.length;
    // The line is whole before its length is seen.
    touched?.(start, start + text.length);
    Atomics.store(words, header.directoryBytes, directoryBytes);
    touched?.(0, headerWords * 4);
    return true;
  };

  const family = (line: Omit<FamilyLine, 'f'>): number => {
    const f = families++;
    publish({ f, ...line });
    return f;
  };

  const refuse = (): number => {
    (words[header.refused] as number)++;
    touched?.(0, headerWords * 4);
    return slots.length - spareSlots;
  };
  // Histograms that are refused share a block: they must find their buckets within it.
  initHistogram(slots, slots.length - spareSlots, 0);

  /** @returns the first slot, or one that nobody reads when the memory is full */
  const block = (f: number, size: number, values: readonly string[], init: (at: number) => void): number => {
    // Blocks of whole lines begin with one.
    const at = size % lineSlots === 0 ? Math.ceil(nextSlot / lineSlots) * lineSlots : nextSlot;
    if (at + size > slots.length - spareSlots) return refuse();
    init(at);
    if (!publish({ s: f, at, v: values })) {
      slots.fill(0, at, at + size);
      return refuse();
    }
    nextSlot = at + size;
    words[header.endSlot] = nextSlot;
    touched?.(at * 8, (at + size) * 8);
    return at;
  };

  const foldedFamily = {
    name: foldedMetric,
    help: 'Observations whose label value was past the limit and was counted as other.',
    labels: ['metric', 'label'],
  };
  let folded: CounterFamily | undefined;
  const scalars = <S>(
    type: 'counter' | 'gauge',
    definition: MetricDefinition,
    create: new (views: MemoryViews, at: number) => S,
  ) => {
    const labels = labelsOf(definition);
    const f = family({ ...describe(definition), type, labels });
    const index = createLabelIndex<S>(
      labels.length,
      limit,
      (values) =>
        new create(
          views,
          block(f, scalar.slots, values, (at) => {
            slots[at + scalar.createdMs] = now();
          }),
        ),
      (label) => folded?.of(definition.name, labels[label]).add(),
    );
    return { of: (a = '', b = '', c = '') => index.find(a, b, c) };
  };
  folded = scalars('counter', foldedFamily, SharedCounter);

  return {
    buffer,
    begin: () => sequence.begin(),
    commit: () => sequence.commit(),
    counter: (definition) => scalars('counter', definition, SharedCounter),
    gauge: (definition) => scalars('gauge', definition, SharedScalar),
    histogram(definition) {
      const labels = labelsOf(definition);
      const bounds = Float64Array.from(checkBounds(definition));
      const native = definition.nativeBuckets ?? defaultNativeBuckets;
      if (native !== 0 && !(Number.isInteger(native) && native >= minNativeBuckets)) {
        throw new RangeError(`nativeBuckets must be 0 or an integer >= ${minNativeBuckets}, got ${native}`);
      }
      const size = histogramSlots(bounds.length, native);
      if (size > spareSlots)
        throw new RangeError(
          `${definition.name} has too many buckets: ${bounds.length} bounds, ${native} native`,
        );
      const f = family({
        ...describe(definition),
        type: 'histogram',
        labels,
        bounds: [...bounds],
        native,
      });
      const index = createLabelIndex<HistogramSeries>(
        labels.length,
        limit,
        (values) => {
          const at = block(f, size, values, (start) => initHistogram(slots, start, now()));
          return new SharedHistogram(views, at, bounds, native, size);
        },
        (label) => folded?.of(definition.name, labels[label]).add(),
      );
      return { of: (a = '', b = '', c = '') => index.find(a, b, c) };
    },
  };
}

function labelsOf({ name, labels = [] }: MetricDefinition): readonly string[] {
  if (labels.length > maxLabels) {
    throw new RangeError(`${name} may have ${maxLabels} labels at most, got ${labels.length}`);
  }
  return labels;
}

function describe(definition: MetricDefinition): Pick<FamilyLine, 'name' | 'help' | 'unit' | 'otlpName'> {
  const { name, help, unit, otlpName } = definition;
  return {
    name,
    help,
    ...(unit === undefined ? {} : { unit }),
    ...(otlpName === undefined ? {} : { otlpName }),
  };
}

function checkBounds({ name, bounds }: HistogramDefinition): readonly number[] {
  bounds.forEach((bound, i) => {
    const below = bounds[i - 1];
    if (!Number.isFinite(bound) || (below !== undefined && bound <= below)) {
      throw new RangeError(`bounds of ${name} must be finite and ascend, got [${bounds.join(', ')}]`);
    }
  });
  return bounds;
}
