import { costOf, type RunCost } from '../batching/run-cost.ts';

/** What waits, in sums. */
export interface Backlog {
  readonly items: number;
  readonly tokens: number;
  /** Sum of the squares of each item's tokens. */
  readonly squares: number;
}

/** Learns how long a backlog takes. */
export interface BacklogEstimate {
  /**
   * Time that executors need for a backlog, ms: its runs by their cost, in batches as large as they have been of late,
   * shared out over the executors, corrected by how far earlier estimates were off.
   */
  timeOf(backlog: Backlog, cost: RunCost, executors: number): number;
  /** Time of the run that an item of so many tokens will be in, with as many others as there have been of late, ms. */
  runOf(tokens: number, cost: RunCost): number;
  /** Told of each batch. */
  left(rows: number): void;
  /** Told how long an item waited that was estimated to wait so long, both ms. */
  waited(ms: number, estimatedMs: number): void;
}

/** How fast new readings replace old ones. */
const weight = 0.1;
/** Estimates shorter than this say nothing about estimates: scheduling decides, ms. */
const leastMs = 5;
const correctionRange = { least: 0.5, most: 4 };

export function createBacklogEstimate(): BacklogEstimate {
  let rows = 1;
  let correction = 1;
  return {
    timeOf({ items, tokens, squares }, cost, executors) {
      const runs = items / Math.max(1, rows);
      const work = cost.fixed * runs + cost.perToken * tokens + cost.perPair * squares;
      return (correction * work) / Math.max(1, executors);
    },
    runOf: (tokens, cost) => correction * costOf(cost, Math.max(1, rows), tokens),
    left(size) {
      rows += weight * (size - rows);
    },
    waited(ms, estimatedMs) {
      if (estimatedMs < leastMs) return;
      // The estimate had the correction of its time in it: what is learned is how far that was off.
      const next = correction * (1 + weight * (ms / estimatedMs - 1));
      correction = Math.min(correctionRange.most, Math.max(correctionRange.least, next));
    },
  };
}
