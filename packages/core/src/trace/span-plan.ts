import { type Segment, segmentsOf, type Timeline } from './timeline.ts';

/** Past this many stretches a trace shows one span for all its runs: a backend is read by people. */
const maxSegmentSpans = 32;

/**
 * Shorter gaps, the steps from one call of `phase()` to the next, have no span of their own: there would be as many as
 * phases. The root's attribute has all of them.
 */
const shortestGapUs = 20;
const smallestGapShare = 0.01;

/** The shortest time in no phase that has a span, µs. */
export function minGapUs(totalUs: number): number {
  return Math.max(shortestGapUs, totalUs * smallestGapShare);
}

/** A span that a stretch of the timeline is drawn as. */
export interface PhaseSpan {
  readonly phase: string;
  readonly startUs: number;
  readonly endUs: number;
  /** Stretches that it stands for. */
  readonly count: number;
  /** Time of these stretches. */
  readonly activeUs: number;
}

/** From … to, µs since the request's start. */
export type Interval = readonly [startUs: number, endUs: number];

/**
 * What is drawn below the root besides calls of `phase()`: every stretch, with the gaps as `unattributed`, so that the
 * children leave no hole worth telling. Of a generation, and of a request with very many stretches, those before the first run and
 * after the last one, and in between one span that says how much of it was really running.
 * @param covered where calls of `phase()` directly below the root have spans of their own
 */
export function planPhases(
  timeline: Timeline,
  generation: boolean,
  covered: readonly Interval[],
): PhaseSpan[] {
  const filled = fillGaps(segmentsOf(timeline), timeline.totalUs);
  const leastUs = minGapUs(timeline.totalUs);
  const all: PhaseSpan[] = [];
  for (const { phase, startUs, endUs } of covered.length === 0 ? filled : outside(filled, covered)) {
    const activeUs = endUs - startUs;
    if (phase === 'unattributed' && activeUs < leastUs) continue;
    all.push({ phase, startUs, endUs, count: 1, activeUs });
  }
  if (all.length <= maxSegmentSpans && !generation) return all;
  const first = all.findIndex((span) => span.phase === 'run');
  const last = all.findLastIndex((span) => span.phase === 'run');
  if (first < 0) return all.length <= maxSegmentSpans ? all : merged(all);
  const middle = all.slice(first, last + 1).filter((span) => span.phase === 'run');
  const run: PhaseSpan = {
    phase: 'run',
    startUs: (all[first] as PhaseSpan).startUs,
    endUs: (all[last] as PhaseSpan).endUs,
    count: middle.length,
    activeUs: middle.reduce((sum, span) => sum + span.activeUs, 0),
  };
  const around = [...all.slice(0, first), run, ...all.slice(last + 1)];
  return around.length <= maxSegmentSpans * 2 ? around : merged(all);
}

/** One span a phase, from its first stretch to its last. */
function merged(all: readonly PhaseSpan[]): PhaseSpan[] {
  const byPhase = new Map<string, PhaseSpan>();
  for (const span of all) {
    const known = byPhase.get(span.phase);
    byPhase.set(
      span.phase,
      known
        ? {
            ...known,
            endUs: span.endUs,
            count: known.count + 1,
            activeUs: known.activeUs + span.activeUs,
          }
        : span,
    );
  }
  return [...byPhase.values()];
}

function fillGaps(segments: readonly Segment[], totalUs: number): Segment[] {
  const filled: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    if (segment.startUs > at) filled.push({ phase: 'unattributed', startUs: at, endUs: segment.startUs });
    filled.push(segment);
    at = segment.endUs;
  }
  if (at < totalUs) filled.push({ phase: 'unattributed', startUs: at, endUs: totalUs });
  return filled;
}

/** The parts of segments that no interval covers. */
function outside(segments: readonly Segment[], covered: readonly Interval[]): Segment[] {
  const sorted = [...covered].sort((a, b) => a[0] - b[0]);
  const parts: Segment[] = [];
  for (const { phase, startUs, endUs } of segments) {
    let at = startUs;
    for (const [from, to] of sorted) {
      if (to <= at) continue;
      if (from >= endUs) break;
      if (from > at) parts.push({ phase, startUs: at, endUs: from });
      at = Math.max(at, to);
    }
    if (at < endUs) parts.push({ phase, startUs: at, endUs });
  }
  return parts;
}
