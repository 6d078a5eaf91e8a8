import type { MonoMs } from '../clock.ts';
import { PHASES, type PhaseName } from '../semconv.ts';

/** A stretch of a request's time in one phase. Half open: [startUs, endUs), whole microseconds since its start. */
export interface Segment {
  readonly phase: PhaseName;
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
  readonly name: PhaseName;
  /** First entry, µs since the request's start. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly count: number;
}

/**
 * Sums segments by phase and gives what none of them covers to `unattributed`. The durations are whole
 * microseconds and add up to `totalUs` exactly.
 * @param segments ascending and disjoint
 */
export function totalsOf(segments: readonly Segment[], totalUs: number): PhaseTotal[] {
  const sums = new Map<PhaseName, { startUs: number; durationUs: number; count: number }>();
  const add = (phase: PhaseName, startUs: number, durationUs: number): void => {
    const sum = sums.get(phase);
    if (sum) {
      sum.durationUs += durationUs;
      sum.count++;
    } else sums.set(phase, { startUs, durationUs, count: 1 });
  };
  let covered = 0;
  for (const segment of segments) {
    if (segment.startUs > covered) add('unattributed', covered, segment.startUs - covered);
    add(segment.phase, segment.startUs, segment.endUs - segment.startUs);
    covered = segment.endUs;
  }
  if (covered < totalUs || !sums.has('unattributed')) {
    const sum = sums.get('unattributed');
    if (sum) sum.durationUs += totalUs - covered;
    else
      sums.set('unattributed', {
        startUs: covered,
        durationUs: totalUs - covered,
        count: totalUs > covered ? 1 : 0,
      });
  }
  return PHASES.filter((name) => sums.has(name)).map((name) => ({
    name,
    ...(sums.get(name) as Omit<PhaseTotal, 'name'>),
  }));
}
