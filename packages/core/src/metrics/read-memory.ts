import { hexOfWord } from '../ids.ts';
import type { Exemplar, Family, HistogramValue, Labels, NativeValue, Series } from './family.ts';
import {
  exemplar,
  type FamilyLine,
  header,
  headerWords,
  histogram,
  histogramSlots,
  magic,
  type SeriesLine,
  scalar,
  zeroThreshold,
} from './layout.ts';
import { refusedMetric } from './metric-memory.ts';

/** Reads a metric memory that somebody else writes. */
export interface MemoryReader {
  /**
   * All series now, each consistent in itself. One that is written without a pause for as long as it is looked at is
   * left out this time.
   * @param only names of the families to read, for somebody who looks often. @default all
   */
  read(only?: ReadonlySet<string>): Family[];
}

interface SeriesPlace {
  readonly at: number;
  readonly labels: Labels;
}

interface KnownFamily {
  readonly line: FamilyLine;
  /** Slots of the block of a series. */
  readonly size: number;
  readonly series: SeriesPlace[];
}

/** Copies of a block until one is whole; each takes well under a microsecond. */
const maxTries = 1000;

/**
 * After so many the writer has lost its core in the middle of an observation: it is waited for, a little longer each
 * time, 120 ms in all.
 */
const maxPauses = 15;
const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * @param buffer shared with the writer, or a copy that is refreshed before each read
 * @throws {RangeError} if the buffer holds no metric memory
 */
export function createMemoryReader(buffer: SharedArrayBuffer | ArrayBuffer): MemoryReader {
  const words = new Int32Array(buffer);
  const slots = new Float64Array(buffer);
  if (words[header.magic] !== magic) throw new RangeError('the buffer holds no metric memory');
  const isShared = buffer instanceof SharedArrayBuffer;
  const decoder = new TextDecoder();
  const families = new Map<number, KnownFamily>();
  let seenBytes = 0;
  // A block is copied first and understood afterwards: the shorter the look, the rarer it is disturbed.
  let copied = new Float64Array(1024);
  let copiedWords = new Int32Array(copied.buffer);

  /** Takes in the lines that came since the last read. */
  const readDirectory = (): void => {
    const bytes = Atomics.load(words, header.directoryBytes);
    if (bytes === seenBytes) return;
    // A decoder takes no shared memory: the lines are copied first.
    const text = decoder.decode(
      new Uint8Array(buffer, headerWords * 4 + seenBytes, bytes - seenBytes).slice(),
    );
    seenBytes = bytes;
    for (const json of text.split('\n')) {
      if (json === '') continue;
      const line = JSON.parse(json) as FamilyLine | SeriesLine;
      if ('f' in line) families.set(line.f, { line, size: sizeOf(line), series: [] });
      else {
        const family = families.get(line.s);
        const labels = family?.line.labels.map((name, i) => [name, line.v[i] ?? ''] as const) ?? [];
        family?.series.push({ at: line.at, labels });
      }
    }
  };

  const sizeOf = ({ type, bounds = [], native = 0 }: FamilyLine): number => {
    const size = type === 'histogram' ? histogramSlots(bounds.length, native) : scalar.slots;
    if (size > copied.length) {
      copied = new Float64Array(size);
      copiedWords = new Int32Array(copied.buffer);
    }
    return size;
  };

  /** Copies a block. @returns whether no write came in between */
  const copyWhole = (at: number, size: number): boolean => {
    const block = slots.subarray(at, at + size);
    for (let pauses = 0; ; pauses++) {
      // A memory that is a copy itself does not change while it is looked at.
      for (let tries = isShared ? maxTries : 1; tries > 0; tries--) {
        const before = Atomics.load(words, header.writeDone);
        copied.set(block);
        // Adds nothing: but what is read before a read-modify-write is not read after it, also on ARM.
        if (Atomics.add(words, header.writeBegun, 0) === before) return true;
      }
      if (!isShared || pauses === maxPauses) return false;
      Atomics.wait(nobody, 0, 0, pauses + 1);
    }
  };

  return {
    read(only) {
      readDirectory();
      const wanted = [...families.values()].filter(({ line }) => only?.has(line.name) ?? true);
      const read = wanted.map(({ line, size, series }): Family => {
        const { name, help, unit, otlpName, type } = line;
        const known: Series[] = [];
        for (const { at, labels } of series) {
          if (!copyWhole(at, size)) continue;
          known.push(type === 'histogram' ? readHistogram(line, labels) : readScalar(labels));
        }
        return {
          name,
          help,
          ...(unit === undefined ? {} : { unit }),
          ...(otlpName === undefined ? {} : { otlpName }),
          type,
          series: known,
        };
      });
      return only ? read : [...read, refusedFamily(words[header.refused] as number)];
    },
  };

  function readScalar(labels: Labels): Series {
    return {
      labels,
      value: copied[scalar.value] as number,
      createdMs: copied[scalar.createdMs] as number,
    };
  }

  function readHistogram({ bounds = [], native = 0 }: FamilyLine, labels: Labels): Series {
    const classic = histogram.slots;
    const first = classic + bounds.length + 1;
    const value: HistogramValue = {
      count: copied[histogram.count] as number,
      sum: copied[histogram.sum] as number,
      classic: { bounds, counts: Array.from(copied.subarray(classic, first)) },
      exemplars: readExemplars(first + native, bounds.length + 1),
      ...(native > 0 ? { native: readNative(first) } : {}),
    };
    return { labels, createdMs: copied[histogram.createdMs] as number, histogram: value };
  }

  function readNative(first: number): NativeValue {
    const from = copied[histogram.usedFrom] as number;
    const to = copied[histogram.usedTo] as number;
    return {
      scale: copied[histogram.scale] as number,
      zeroThreshold,
      zeroCount: copied[histogram.zeroCount] as number,
      positive:
        from > to
          ? { offset: 0, counts: [] }
          : {
              offset: (copied[histogram.firstIndex] as number) + from,
              counts: Array.from(copied.subarray(first + from, first + to + 1)),
            },
    };
  }

  function readExemplars(first: number, buckets: number): (Exemplar | undefined)[] {
    const found: (Exemplar | undefined)[] = [];
    for (let bucket = 0; bucket < buckets; bucket++) {
      const at = first + bucket * exemplar.slots;
      const timestampMs = copied[at + exemplar.timestampMs] as number;
      if (timestampMs === 0) continue;
      found[bucket] = {
        value: copied[at + exemplar.value] as number,
        timestampMs,
        traceId: hexAt((at + exemplar.traceId) * 2, 4),
        spanId: hexAt((at + exemplar.spanId) * 2, 2),
      };
    }
    return found;
  }

  function hexAt(word: number, count: number): string {
    let hex = '';
    for (let i = 0; i < count; i++) hex += hexOfWord(copiedWords[word + i] as number);
    return hex;
  }
}

function refusedFamily(value: number): Family {
  return {
    name: refusedMetric,
    help: 'Series that found no room in the memory of metrics and are counted nowhere.',
    type: 'counter',
    series: [{ labels: [], value }],
  };
}
