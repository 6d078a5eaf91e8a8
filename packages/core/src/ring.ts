/** The last records, oldest first, in constant memory. */
export interface Ring<T> {
  readonly size: number;
  readonly capacity: number;
  /** Whether it takes items in; true at first. */
  isRecording: boolean;
  /** Drops the item while it is not recording. */
  push(item: T): void;
  /** @param count how many of the newest; all without it */
  last(count?: number): T[];
  find(predicate: (item: T) => boolean): T | undefined;
  clear(): void;
}

class FixedRing<T> implements Ring<T> {
  readonly capacity: number;
  isRecording = true;
  #items: T[] = [];
  /** Where the next item goes once the ring is full. */
  #next = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be an integer >= 1, got ${capacity}`);
    }
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (!this.isRecording) return;
    if (this.#items.length < this.capacity) this.#items.push(item);
    else {
      this.#items[this.#next] = item;
      this.#next = (this.#next + 1) % this.capacity;
    }
  }

  last(count: number = this.#items.length): T[] {
    const ordered = [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)];
    return count >= ordered.length ? ordered : ordered.slice(ordered.length - count);
  }

  find(predicate: (item: T) => boolean): T | undefined {
    return this.#items.find(predicate);
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }
}

/**
 * @param capacity records kept, integer >= 1
 * @throws {RangeError} if `capacity` is not
 */
export function createRing<T>(capacity: number): Ring<T> {
  return new FixedRing<T>(capacity);
}
