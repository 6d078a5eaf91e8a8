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
  /** The batch was put together and went on its way to the executor. @default runStart */
  readonly sent?: MonoMs;
  readonly runStart?: MonoMs;
  readonly runEnd?: MonoMs;
  /** The executor was done with the run's output, and sent it. @default runEnd */
  readonly replied?: MonoMs;
  /** The output was there. @default replied */
  readonly received?: MonoMs;
}

/** A state change at a time. */
export interface Mark {
  readonly at: MonoMs;
  readonly phase: PhaseName;
}

/** States of an item, the furthest along first: a request is in the first one that any of its items is in. */
const itemStates = ['run', 'transfer', 'batch', 'queue', 'postprocess'] as const;
type ItemState = (typeof itemStates)[number];

/** The states of one item, as [state, start, end]; an end is undefined where it never came. */
function statesOf(item: ItemTimes): [ItemState, number | undefined, number | undefined][] {
  const sent = item.sent ?? item.runStart;
  const replied = item.replied ?? item.runEnd;
  return [
    ['queue', item.enqueued, item.dispatched],
    ['batch', item.dispatched, sent],
    ['transfer', sent, item.runStart],
    ['run', item.runStart, item.runEnd],
    ['postprocess', item.runEnd, replied],
    ['transfer', replied, item.received ?? replied],
  ];
}

/**
 * The phases of a request whose items ran side by side: at every moment the one that is furthest along (a request
 * is running while any of its items runs, else being copied, else being batched, else queued). The marks partition the
 * time from `from` on; after the last run it is `postprocess`.
 * @param items shape [n], n >= 1
 * @param from when the request handed its items on
 * @returns marks in ascending order, no two neighbours of the same phase
 */
export function sweepItems(items: readonly ItemTimes[], from: MonoMs): Mark[] {
  const events: { at: number; state: ItemState; delta: 1 | -1 }[] = [];
  for (const item of items) {
    for (const [state, start, end] of statesOf(item)) {
      if (start === undefined || start === end) continue;
      events.push({ at: start, state, delta: 1 });
      if (end !== undefined) events.push({ at: end, state, delta: -1 });
    }
  }
  // Those of one item are in order already.
  if (items.length > 1) events.sort((a, b) => a.at - b.at);
  const active = { queue: 0, batch: 0, transfer: 0, run: 0, postprocess: 0 };
  const marks: Mark[] = [{ at: from, phase: 'queue' }];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as (typeof events)[number];
    active[event.state] += event.delta;
    // Changes of one instant count together: an item that leaves the queue as it enters a batch is never nowhere.
    if (events[i + 1]?.at === event.at) continue;
    const phase: PhaseName = itemStates.find((state) => active[state] > 0) ?? 'postprocess';
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
