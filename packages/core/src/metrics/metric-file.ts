import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { diag } from '@opentelemetry/api';
import { messageOf } from '../errors.ts';
import type { Family } from './family.ts';
import { header, headerWords } from './layout.ts';
import { createMetricMemory, type MetricMemory, type MetricMemoryOptions } from './metric-memory.ts';
import { createMemoryReader, type MemoryReader } from './read-memory.ts';

const defaultBytes = 1024 * 1024;
const headerBytes = headerWords * 4;
const generationAt = header.generation * 4;

/** A metric memory that other processes can read: what is written goes to a file as well. */
export interface MetricFile {
  readonly memory: MetricMemory;
  /**
   * Writes what has changed since the last time: a few microseconds. What cannot be written is said once, and tried again
   * the next time.
   */
  flush(): void;
  close(): void;
}

/**
 * The page cache is memory that processes share: where the file lies in `/dev/shm` or `/tmp` matters little, and a
 * process that crashes leaves what it has counted behind.
 * @param path a file of its own; made or emptied
 * @param options as of a memory, but with 1 MiB by default
 */
export function createMetricFile(
  path: string,
  options: Omit<MetricMemoryOptions, 'touched'> = {},
): MetricFile {
  const size = Math.floor((options.bytes ?? defaultBytes) / 8) * 8;
  let from = 0;
  let to = headerBytes;
  const memory = createMetricMemory({
    ...options,
    bytes: size,
    touched(start, end) {
      if (start < from) from = start;
      if (end > to) to = end;
    },
  });
  const file = openSync(path, 'w+');
  ftruncateSync(file, size);
  const bytes = Buffer.from(memory.buffer as SharedArrayBuffer);
  const words = new Int32Array(memory.buffer);
  let failing = false;
  let closed = false;

  const write = (): void => {
    // Odd from here on: whoever reads now reads again. Only the number, for the lines that the rest of the header tells
    // of are not there yet.
    words[header.generation] = ((words[header.generation] as number) + 1) | 1;
    writeSync(file, bytes, generationAt, 4, generationAt);
    const start = Math.max(from, headerBytes);
    if (to > start) writeSync(file, bytes, start, to - start, start);
    words[header.generation] = ((words[header.generation] as number) + 1) | 0;
    writeSync(file, bytes, 0, headerBytes, 0);
  };

  const flush = (): void => {
    // The number of a closed file may be another file's by now.
    if (closed || from >= to) return;
    try {
      write();
      failing = false;
      from = Number.POSITIVE_INFINITY;
      to = 0;
    } catch (error) {
      if (!failing) diag.warn(`metrics cannot be written to ${path}: ${messageOf(error)}`);
      failing = true;
    }
  };
  flush();
  return {
    memory,
    flush,
    close() {
      if (!closed) closeSync(file);
      closed = true;
    },
  };
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
