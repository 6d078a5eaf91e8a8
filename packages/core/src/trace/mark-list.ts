import type { MonoMs } from '../clock.ts';
import { type Mark, type PhaseTotal, sumByPhase, type Timeline } from './timeline.ts';

/** Marks that are kept as such; past them the older half becomes one stretch a phase. */
const maxMarks = 65_536;

/** Enough for most requests. */
const firstCapacity = 64;

/** When a request changed phase, in time. Parallel arrays: no object is made per mark. */
export class MarkList {
  // Plain arrays, longer than what is in use: whole numbers out of a Float64Array would be boxed wherever they go.
  /** Whole µs since the request's start. */
  readonly #atUs: number[] = new Array<number>(firstCapacity).fill(0);
  /** undefined for none. */
  readonly #phases: (string | undefined)[] = new Array<undefined>(firstCapacity).fill(undefined);
  /** Entries into a phase that a mark stands for; 0 where it only goes on after another one. */
  readonly #entered: number[] = new Array<number>(firstCapacity).fill(0);
  #length = 0;

  get capacity(): number {
    return this.#atUs.length;
  }

  /**
   * @param phase undefined for none
   * @param atUs whole µs since the request's start
   * @param entered 1 where the phase is entered, 0 where it only goes on
   */
  add(phase: string | undefined, atUs: number, entered: number): void {
    const phases = this.#phases;
    const times = this.#atUs;
    const length = this.#length;
    const last = length - 1;
    if (length === 0 ? phase === undefined : phases[last] === phase) {
      // A call of `phase()` in another one of the same name.
      if (entered !== 0) (this.#entered[last] as number)++;
      return;
    }
    if (length > 0 && phases[last] === undefined && (times[last] as number) >= atUs) {
      // A phase that follows another one at once: the moment between them took no time.
      phases[last] = phase;
      this.#entered[last] = entered;
      return;
    }
    const before = length > 0 ? (times[last] as number) : 0;
    // Clocks of processes agree to well under a microsecond; a mark never lies before the one it follows.
    times[length] = atUs > before ? atUs : before;
    phases[length] = phase;
    this.#entered[length] = entered;
    this.#length = length + 1;
    if (length >= maxMarks) this.#coarsen();
  }

  /** Puts marks in the place of all from the first one's time on. */
  replace(marks: readonly Mark[], startedAt: MonoMs): void {
    const first = marks[0];
    if (first === undefined) return;
    const fromUs = usSince(startedAt, first.at);
    while (this.#length > 0 && (this.#atUs[this.#length - 1] as number) >= fromUs) this.#length--;
    for (const { phase, at } of marks) {
      const goesOn = this.#length > 0 && this.#phases[this.#length - 1] === phase;
      this.add(phase, usSince(startedAt, at), goesOn ? 0 : 1);
    }
  }

  /** A copy of it as it is now. */
  timeline(totalUs: number): Timeline {
    return { atUs: this.#atUs.slice(0, this.#length), phases: this.#phases.slice(0, this.#length), totalUs };
  }

  totals(totalUs: number): PhaseTotal[] {
    return sumByPhase(this.#atUs, this.#phases, this.#entered, this.#length, totalUs);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Merges the stretches of the older half into one a phase: memory stays bounded, and the total true. */
  #coarsen(): void {
    const half = maxMarks / 2;
    const length = this.#length;
    const atUs = this.#atUs;
    const sums = new Map<string | undefined, { us: number; entered: number }>();
    for (let i = 0; i < half; i++) {
      const phase = this.#phases[i];
      const sum = sums.get(phase) ?? { us: 0, entered: 0 };
      sum.us += (atUs[i + 1] as number) - (atUs[i] as number);
      sum.entered += this.#entered[i] as number;
      sums.set(phase, sum);
    }
    let at = atUs[0] as number;
    let merged = 0;
    for (const [phase, { us, entered }] of sums) {
      atUs[merged] = at;
      this.#phases[merged] = phase;
      this.#entered[merged] = entered;
      // The last of them is as long as it was, whatever has been rounded.
      at += us;
      merged++;
    }
    atUs.copyWithin(merged, half, length);
    this.#entered.copyWithin(merged, half, length);
    this.#phases.copyWithin(merged, half, length);
    this.#length = merged + length - half;
  }
}

/** Lists of requests that are over, for those that come: a list of its own for each would be garbage of 2 KB. */
const spare: MarkList[] = [];
const maxSpare = 256;
/** Longer ones are not kept. */
const maxSpareMarks = 1024;

/** An empty list, to be returned. */
export function borrowMarks(): MarkList {
  return spare.pop() ?? new MarkList();
}

/** Takes a list back that nobody will use any more. */
export function returnMarks(marks: MarkList): void {
  marks.clear();
  if (spare.length < maxSpare && marks.capacity <= maxSpareMarks) spare.push(marks);
}

function usSince(startedAt: MonoMs, at: MonoMs): number {
  const us = Math.round((at - startedAt) * 1000);
  return us > 0 ? us : 0;
}
