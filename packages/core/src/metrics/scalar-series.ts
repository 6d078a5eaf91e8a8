import type { MemoryViews } from './histogram-series.ts';
import { scalar } from './layout.ts';

/** One set of label values of a counter. */
export interface CounterSeries {
  /** @param by >= 0; anything else is not counted, for a counter never falls. @default 1 */
  add(by?: number): void;
}

/** One set of label values of a gauge. */
export interface GaugeSeries {
  set(value: number): void;
  add(by: number): void;
}

export class SharedScalar implements GaugeSeries {
  readonly #views: MemoryViews;
  readonly #at: number;

  constructor(views: MemoryViews, at: number) {
    this.#views = views;
    this.#at = at;
  }

  add(by: number): void {
    this.set((this.#views.slots[this.#at + scalar.value] as number) + by);
  }

  set(value: number): void {
    const { slots, touched } = this.#views;
    const at = this.#at;
    // One instruction writes all of it: no reader sees half, and nobody needs the fences of a sequence.
    slots[at + scalar.value] = value;
    if (touched) touched(at, at + scalar.slots);
  }
}

export class SharedCounter implements CounterSeries {
  readonly #value: SharedScalar;

  constructor(views: MemoryViews, at: number) {
    this.#value = new SharedScalar(views, at);
  }

  add(by = 1): void {
    if (by >= 0 && by !== Number.POSITIVE_INFINITY) this.#value.add(by);
  }
}
