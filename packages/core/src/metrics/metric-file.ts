import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { diag } from '@opentelemetry/api';
import type { Family } from './family.ts';
import { header, headerWords } from './layout.ts';
import type { MetricMemoryOptions } from './metric-memory.ts';
import { createMemoryReader, type MemoryReader } from './read-memory.ts';
import { type MetricFile, writeMetricFile } from './write-metric-file.ts';

const headerBytes = headerWords * 4;
const generationAt = header.generation * 4;

/** As `writeMetricFile`; what cannot be written is told to the API's logger. */
export function createMetricFile(
  path: string,
  options: Omit<MetricMemoryOptions, 'touched'> = {},
): MetricFile {
  return writeMetricFile(path, (message) => diag.warn(message), options);
}

/**
 * Readings until one is whole. The writer takes microseconds, unless the system gives its core to somebody else in the
 * middle of it: then what was read last stands until the next look.
 */
const maxTries = 100;

/** Reads the metric memory that another process writes to a file. It is opened with the first read. */
export function createMetricFileReader(path: string): MemoryReader {
  /** What was read last; the reader's memory. */
  let whole: Buffer<ArrayBuffer> | undefined;
  let spare: Buffer<ArrayBuffer> | undefined;
  let reader: MemoryReader | undefined;

  /** @returns the file's bytes; undefined while they are being written, and for ever if the writer died meanwhile */
  const readWhole = (file: number): Buffer<ArrayBuffer> | undefined => {
    const { size } = fstatSync(file);
    if (size < headerBytes) return undefined;
    const bytes = spare?.length === size ? spare : Buffer.from(new ArrayBuffer(size));
    spare = bytes;
    const after = Buffer.alloc(4);
    for (let tries = 0; tries < maxTries; tries++) {
      readUsed(file, bytes);
      readSync(file, after, 0, 4, generationAt);
      const generation = bytes.readInt32LE(generationAt);
      if ((generation & 1) === 0 && generation === after.readInt32LE(0)) return bytes;
    }
    return undefined;
  };

  const refresh = (): void => {
    const file = openSync(path, 'r');
    try {
      const bytes = readWhole(file);
      // Nothing there yet.
      if (bytes === undefined || bytes.readInt32LE(header.magic * 4) === 0) return;
      const isSame = whole?.length === bytes.length && instanceOf(whole) === instanceOf(bytes);
      if (isSame) whole?.set(bytes);
      else {
        whole = bytes;
        spare = undefined;
        reader = createMemoryReader(bytes.buffer);
      }
    } finally {
      closeSync(file);
    }
  };

  return {
    /**
     * What was read last while the file is being written, and once it is gone: of a process that died in the middle of
     * writing, what it had written before.
     * @throws {Error} if the file has never been there or holds no metric memory
     */
    read(): Family[] {
      try {
        refresh();
      } catch (error) {
        if (reader === undefined) throw error;
      }
      return reader?.read() ?? [];
    },
  };
}

function instanceOf(bytes: Buffer): number {
  return bytes.readInt32LE(header.instance * 4);
}

/** Reads what is in use: most of a file is room for more. */
function readUsed(file: number, bytes: Buffer): void {
  if (readSync(file, bytes, 0, Math.min(headerBytes, bytes.length), 0) < headerBytes) return;
  const word = (at: number): number => bytes.readInt32LE(at * 4);
  const end = Math.min(bytes.length, headerBytes + word(header.directoryBytes));
  readSync(file, bytes, headerBytes, end - headerBytes, headerBytes);
  const from = word(header.firstSlot) * 8;
  const to = Math.min(bytes.length, word(header.endSlot) * 8);
  if (to > from) readSync(file, bytes, from, to - from, from);
}
