import { wordOfHex } from '../ids.ts';
import type { FinishedTrace } from '../trace/record.ts';
import { createTraceBlock, type TraceBlock } from './trace-block.ts';

/** The last requests, oldest first, in constant memory. */
export interface TraceRing {
  readonly size: number;
  readonly capacity: number;
  /** Whether it takes requests in; true at first. */
  isRecording: boolean;
  /** Copies what is to be told of a request; does nothing while it is not recording. */
  push(trace: FinishedTrace): void;
  /** @param count how many of the newest; all without it */
  last(count?: number): FinishedTrace[];
  /** @param eventId 16 hex digits */
  find(eventId: string): FinishedTrace | undefined;
  clear(): void;
}

/** Requests of one block; blocks are made as they are needed. */
const blockSize = 256;

/**
 * Keeps figures in arrays and not the records themselves: a thousand objects that live for a second each are what a
 * generational garbage collector is worst at. It copies all of them, moves them among the old ones, and widens the room
 * for new objects until that fits no cache; every allocation of the application pays for it.
 */
class BlockRing implements TraceRing {
  readonly capacity: number;
  isRecording = true;
  #size = 0;
  /** Where the next one goes. */
  #next = 0;
  readonly #blocks: TraceBlock[] = [];

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be an integer >= 1, got ${capacity}`);
    }
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  push(trace: FinishedTrace): void {
    if (!this.isRecording) return;
    const at = this.#next;
    let block = this.#blocks[(at / blockSize) | 0];
    if (block === undefined) {
      block = createTraceBlock(Math.min(blockSize, this.capacity - at));
      this.#blocks.push(block);
    }
    block.set(at % blockSize, trace);
    this.#next = at + 1 === this.capacity ? 0 : at + 1;
    if (this.#size < this.capacity) this.#size++;
  }

  last(count: number = this.#size): FinishedTrace[] {
    const taken = Math.min(Math.max(0, count), this.#size);
    const start = this.#next - taken + this.capacity;
    return Array.from({ length: taken }, (_, i) => {
      const at = (start + i) % this.capacity;
      return (this.#blocks[(at / blockSize) | 0] as TraceBlock).get(at % blockSize);
    });
  }

  find(eventId: string): FinishedTrace | undefined {
    if (!/^[0-9a-f]{16}$/i.test(eventId)) return undefined;
    const high = wordOfHex(eventId, 0);
    const low = wordOfHex(eventId, 8);
    for (const block of this.#blocks) {
      const found = block.find(high, low);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#size = 0;
    this.#next = 0;
  }
}

/**
 * @param capacity requests kept, integer >= 1; some 700 bytes each
 * @throws {RangeError} if `capacity` is not
 */
export function createTraceRing(capacity: number): TraceRing {
  return new BlockRing(capacity);
}
