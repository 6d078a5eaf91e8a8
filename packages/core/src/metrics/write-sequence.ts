import { header } from './layout.ts';

/**
 * Tells readers of a metric memory whether what they read was being written. One pair of numbers serves the whole memory,
 * and several observations may stand between them: each of the two is a fence, which waits until all that was written
 * before has left the core, and costs more than the observation itself.
 */
export interface WriteSequence {
  /** What is written from here on is not whole until `commit`; calls nest. */
  begin(): void;
  commit(): void;
}

class SharedSequence implements WriteSequence {
  readonly #words: Int32Array;
  #depth = 0;
  #writes = 0;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  begin(): void {
    if (this.#depth++ > 0) return;
    // Not a store: what is written after a mere store may be seen before it on ARM.
    this.#writes = (Atomics.add(this.#words, header.writeBegun, 1) + 1) | 0;
  }

  commit(): void {
    if (--this.#depth === 0) Atomics.store(this.#words, header.writeDone, this.#writes);
  }
}

export function createWriteSequence(words: Int32Array): WriteSequence {
  return new SharedSequence(words);
}
