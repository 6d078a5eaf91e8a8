import type { MonoMs } from '../clock.ts';
import type { Mark, PhaseTotal, Timeline } from './timeline.ts';
import { totalsOf } from './timeline.ts';

/** Marks that are kept as such; past them the older half becomes one stretch a phase. */
const maxMarks = 65_536;

/** When a request changed phase, in time. Parallel arrays: no object is made per mark. */
export class MarkList {
  readonly #startedAt: MonoMs;
  #at: number[] = [];
  #phases: (string | undefined)[] = [];
  /** Entries into a phase that a mark stands for; 0 where it only goes on after another one. */
  #entered: number[] = [];

  constructor(startedAt: MonoMs) {
    this.#startedAt = startedAt;
  }

  /**
   * @param phase undefined for none
   * @param entered 1 where the phase is entered, 0 where it only goes on
   */
  add(phase: string | undefined, at: MonoMs, entered: number): void {
    const phases = this.#phases;
    const times = this.#at;
    const length = times.length;
    if (length === 0 ? phase === undefined : phases[length - 1] === phase) {
      // A call of `phase()` in another one of the same name.
      if (entered !== 0) (this.#entered[length - 1] as number)++;
      return;
    }
    const before = length > 0 ? (times[length - 1] as number) : this.#startedAt;
    // Clocks of processes agree to well under a microsecond; a mark never lies before the one it follows.
    times.push(at > before ? at : before);
    phases.push(phase);
    this.#entered.push(entered);
    if (length >= maxMarks) this.#coarsen();
  }

  /** Puts marks in the place of all from the first one's time on. */
  replace(marks: readonly Mark[]): void {
    const from = marks[0]?.at;
    if (from === undefined) return;
    while (this.#at.length > 0 && (this.#at[this.#at.length - 1] as number) >= from) {
      this.#at.pop();
      this.#phases.pop();
      this.#entered.pop();
    }
    for (const { phase, at } of marks) {
      this.add(phase, at, this.#phases[this.#phases.length - 1] === phase ? 0 : 1);
    }
  }

  /** µs since the start. */
  us(at: MonoMs): number {
    const us = Math.round((at - this.#startedAt) * 1000);
    return us > 0 ? us : 0;
  }

  timeline(totalUs: number): Timeline {
    const times = this.#at;
    const atUs = new Array<number>(times.length);
    for (let i = 0; i < times.length; i++) atUs[i] = this.us(times[i] as number);
    return { atUs, phases: this.#phases, totalUs };
  }

  totals(timeline: Timeline): PhaseTotal[] {
    return totalsOf(timeline, this.#entered);
  }

  /** Lets go of what a timeline has not taken over. */
  release(): void {
    this.#at = [];
    this.#entered = [];
  }

  /** Merges the stretches of the older half into one a phase: memory stays bounded, and the total true. */
  #coarsen(): void {
    const half = maxMarks / 2;
    const sums = new Map<string | undefined, { ms: number; entered: number }>();
    for (let i = 0; i < half; i++) {
      const phase = this.#phases[i];
      const sum = sums.get(phase) ?? { ms: 0, entered: 0 };
      sum.ms += (this.#at[i + 1] as number) - (this.#at[i] as number);
      sum.entered += this.#entered[i] as number;
      sums.set(phase, sum);
    }
    const times: number[] = [];
    let at = this.#at[0] as number;
    for (const { ms } of sums.values()) {
      times.push(at);
      at += ms;
    }
    // The last of them is as long as it was, whatever has been rounded.
    this.#at = [...times, ...this.#at.slice(half)];
    this.#phases = [...sums.keys(), ...this.#phases.slice(half)];
    this.#entered = [...[...sums.values()].map(({ entered }) => entered), ...this.#entered.slice(half)];
  }
}
