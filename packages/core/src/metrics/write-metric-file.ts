import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { header, headerWords } from './layout.ts';
import { createMetricMemory, type MetricMemory, type MetricMemoryOptions } from './metric-memory.ts';

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
 * @param warn told once of what cannot be written
 * @param options as of a memory, but with 1 MiB by default
 */
export function writeMetricFile(
  path: string,
  warn: (message: string) => void,
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
      if (!failing) warn(`metrics cannot be written to ${path}: ${messageOf(error)}`);
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
