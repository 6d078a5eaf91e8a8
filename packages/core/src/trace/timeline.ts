import type { MonoMs } from '../clock.ts';
import type { PhaseName } from '../semconv.ts';

/** A stretch of a request's time in one phase. Half open: [startUs, endUs), whole microseconds since its start. */
export interface Segment {
  readonly phase: string;
  readonly startUs: number;
  readonly endUs: number;
}

/** When one work item (one input of a request) changed state; times it did not reach are undefined. */
export interface ItemTimes {
  readonly enqueued: MonoMs;
  /** Taken out of the queue into a batch. */
  readonly dispatched?: MonoMs;
  readonly runStart?: MonoMs;
  readonly runEnd?: MonoMs;
}

/** A state change at a time. */
export interface Mark {
  readonly at: MonoMs;
  readonly phase: PhaseName;
}

const rank = { queue: 0, batch: 1, run: 2 } as const;

/**
 * The phases of a request whose items ran side by side: at every moment the one that is furthest along (a request
 * is running while any of its items runs, else being batched, else queued). The marks partition the time from
 * `from` on; after the last run it is `postprocess`.
 * @param items shape [n], n >= 1
 * @param from when the request handed its items on
 * @returns marks in ascending order, no two neighbours of the same phase
 */
export function sweepItems(items: readonly ItemTimes[], from: MonoMs): Mark[] {
  const events: { at: number; state: keyof typeof rank; delta: 1 | -1 }[] = [];
  const spanOf = (state: keyof typeof rank, start: number | undefined, end: number | undefined): void => {
    if (start === undefined) return;
    events.push({ at: start, state, delta: 1 });
    if (end !== undefined) events.push({ at: end, state, delta: -1 });
  };
  for (const item of items) {
    spanOf('queue', item.enqueued, item.dispatched);
    spanOf('batch', item.dispatched, item.runStart);
    spanOf('run', item.runStart, item.runEnd);
  }
  events.sort((a, b) => a.at - b.at);
  const active = { queue: 0, batch: 0, run: 0 };
  const marks: Mark[] = [{ at: from, phase: 'queue' }];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as (typeof events)[number];
    active[event.state] += event.delta;
    // Changes of one instant count together: an item that leaves the queue as it enters a batch is never nowhere.
    if (events[i + 1]?.at === event.at) continue;
    const phase: PhaseName =
      active.run > 0 ? 'run' : active.batch > 0 ? 'batch' : active.queue > 0 ? 'queue' : 'postprocess';
    const at = Math.max(event.at, from);
    const last = marks[marks.length - 1] as Mark;
    if (last.phase === phase) continue;
    if (last.at === at) marks.pop();
    if (marks[marks.length - 1]?.phase !== phase) marks.push({ at, phase });
  }
  return marks;
}

/** Time and number of entries of one phase within a request. */
export interface PhaseTotal {
  readonly name: string;
  /** First entry, µs since the request's start. */
  startUs: number;
  durationUs: number;
  count: number;
}

/** When a request changed phase: parallel arrays, µs since its start, ascending; undefined where it was in none. */
export interface Timeline {
  readonly atUs: readonly number[];
  readonly phases: readonly (string | undefined)[];
  readonly totalUs: number;
}

/** The stretches in phases, without those that took no time. */
export function segmentsOf({ atUs, phases, totalUs }: Timeline): Segment[] {
  const segments: Segment[] = [];
  for (let i = 0; i < atUs.length; i++) {
    const phase = phases[i];
    if (phase === undefined) continue;
    const startUs = Math.min(atUs[i] as number, totalUs);
    const endUs = Math.min(atUs[i + 1] ?? totalUs, totalUs);
    if (endUs > startUs || i === atUs.length - 1) segments.push({ phase, startUs, endUs });
  }
  return segments;
}

/**
 * Sums a timeline by phase, in the order of their first entry, and gives what none of them covers to `unattributed`,
 * which is always there and last. The durations are whole microseconds and add up to `totalUs` exactly.
 */
export function totalsOf({ atUs, phases, totalUs }: Timeline): PhaseTotal[] {
  return sumByPhase(atUs, phases, undefined, atUs.length, totalUs);
}

/**
 * The same of the first `length` changes of longer arrays.
 * @param entered entries into the phase that each change stands for; undefined for 1 each
 */
export function sumByPhase(
  atUs: readonly number[],
  phases: readonly (string | undefined)[],
  entered: readonly number[] | undefined,
  length: number,
  totalUs: number,
): PhaseTotal[] {
  const totals: PhaseTotal[] = [];
  const rest: PhaseTotal = { name: 'unattributed', startUs: totalUs, durationUs: 0, count: 0 };
  const first = length === 0 ? totalUs : Math.min(atUs[0] as number, totalUs);
  if (first > 0) addTo(rest, 0, first, 1);
  for (let i = 0; i < length; i++) {
    const at = atUs[i] as number;
    const startUs = at < totalUs ? at : totalUs;
    const next = i + 1 < length ? (atUs[i + 1] as number) : totalUs;
    const duration = (next < totalUs ? next : totalUs) - startUs;
    const phase = phases[i];
    if (phase === undefined || phase === 'unattributed') {
      // A gap that took no time is none.
      if (duration > 0) addTo(rest, startUs, duration, 1);
    } else addTo(totalNamed(totals, phase, startUs), startUs, duration, entered ? (entered[i] as number) : 1);
  }
  totals.push(rest);
  return totals;
}

function totalNamed(totals: PhaseTotal[], name: string, startUs: number): PhaseTotal {
  // A handful of phases: a scan is faster than a map.
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i] as PhaseTotal;
    if (total.name === name) return total;
  }
  const total: PhaseTotal = { name, startUs, durationUs: 0, count: 0 };
  totals.push(total);
  return total;
}

function addTo(total: PhaseTotal, startUs: number, durationUs: number, entries: number): void {
  if (startUs < total.startUs) total.startUs = startUs;
  total.durationUs += durationUs;
  total.count += entries;
}
