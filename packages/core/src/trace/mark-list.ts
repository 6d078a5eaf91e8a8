import type { MonoMs } from '../clock.ts';
import type { Mark, PhaseTotal, Timeline } from './timeline.ts';
import { totalsOf } from './timeline.ts';

/** Marks that are kept as such; past them the older half becomes one stretch a phase. */
const maxMarks = 65_536;

/** When a request changed phase, in time. Parallel arrays: no object is made per mark. */
export class MarkList {
  #atUs: number[] = [];
  #phases: (string | undefined)[] = [];
  /** Entries into a phase that a mark stands for; 0 where it only goes on after another one. */
  #entered: number[] = [];

  /**
   * @param phase undefined for none
   * @param atUs whole µs since the request's start
   * @param entered 1 where the phase is entered, 0 where it only goes on
   */
  add(phase: string | undefined, atUs: number, entered: number): void {
    const phases = this.#phases;
    const times = this.#atUs;
    const length = times.length;
    if (length === 0 ? phase === undefined : phases[length - 1] === phase) {
      // A call of `phase()` in another one of the same name.
      if (entered !== 0) (this.#entered[length - 1] as number)++;
      return;
    }
    const last = length - 1;
    if (length > 0 && phases[last] === undefined && (times[last] as number) >= atUs) {
      // A phase that follows another one at once: the moment between them took no time.
      phases[last] = phase;
      this.#entered[last] = entered;
      return;
    }
    const before = length > 0 ? (times[last] as number) : 0;
    // Clocks of processes agree to well under a microsecond; a mark never lies before the one it follows.
    times.push(atUs > before ? atUs : before);
    phases.push(phase);
    this.#entered.push(entered);
    if (length >= maxMarks) this.#coarsen();
  }

  /** Puts marks in the place of all from the first one's time on. */
  replace(marks: readonly Mark[], startedAt: MonoMs): void {
    const first = marks[0];
    if (first === undefined) return;
    const fromUs = usSince(startedAt, first.at);
    while (this.#atUs.length > 0 && (this.#atUs[this.#atUs.length - 1] as number) >= fromUs) {
      this.#atUs.pop();
      this.#phases.pop();
      this.#entered.pop();
    }
    for (const { phase, at } of marks) {
      const goesOn = this.#phases[this.#phases.length - 1] === phase;
      this.add(phase, usSince(startedAt, at), goesOn ? 0 : 1);
    }
  }

  /** As it is now: later marks are in it too. */
  timeline(totalUs: number): Timeline {
    return { atUs: this.#atUs, phases: this.#phases, totalUs };
  }

  totals(timeline: Timeline): PhaseTotal[] {
    return totalsOf(timeline, this.#entered);
  }

  /** Lets go of what a timeline has not taken over. */
  release(): void {
    this.#entered = [];
  }

  /** Merges the stretches of the older half into one a phase: memory stays bounded, and the total true. */
  #coarsen(): void {
    const half = maxMarks / 2;
    const sums = new Map<string | undefined, { us: number; entered: number }>();
    for (let i = 0; i < half; i++) {
      const phase = this.#phases[i];
      const sum = sums.get(phase) ?? { us: 0, entered: 0 };
      sum.us += (this.#atUs[i + 1] as number) - (this.#atUs[i] as number);
      sum.entered += this.#entered[i] as number;
      sums.set(phase, sum);
    }
    const times: number[] = [];
    let at = this.#atUs[0] as number;
    for (const { us } of sums.values()) {
      times.push(at);
      at += us;
    }
    // The last of them is as long as it was, whatever has been rounded.
    this.#atUs = [...times, ...this.#atUs.slice(half)];
    this.#phases = [...sums.keys(), ...this.#phases.slice(half)];
    this.#entered = [...[...sums.values()].map(({ entered }) => entered), ...this.#entered.slice(half)];
  }
}

function usSince(startedAt: MonoMs, at: MonoMs): number {
  const us = Math.round((at - startedAt) * 1000);
  return us > 0 ? us : 0;
}
