import type { RunCost } from './run-cost.ts';

export interface PartitionLimits {
  /** Rows of one run, integer >= 1. */
  readonly maxRows: number;
  /** Tokens of one run, padding included; a single row may have more. */
  readonly maxTokens: number;
}

/**
 * Parts rows into the runs that take the least time together, by dynamic programming over the rows in order of length:
 * in the best parting each run has rows next to each other in that order. Of equally good ones it is that with the
 * fullest runs first.
 * @param lengths tokens of each row, ascending, shape [n]
 * @returns where each run begins, ascending, shape [runs], from 0
 */
export function partition(lengths: readonly number[], cost: RunCost, limits: PartitionLimits): number[] {
  const n = lengths.length;
  /** Least time of the rows from i on, and rows of the first run of it. */
  const least = new Float64Array(n + 1);
  const rowsAt = new Int32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let best = Number.POSITIVE_INFINITY;
    let bestRows = 1;
    for (let rows = 1; rows <= limits.maxRows && i + rows <= n; rows++) {
      const width = lengths[i + rows - 1] as number;
      if (rows > 1 && rows * width > limits.maxTokens) break;
      const time =
        cost.fixed + rows * width * (cost.perToken + cost.perPair * width) + (least[i + rows] as number);
      // Sums of the same numbers in another order differ in their last digits.
      if (time < best * (1 - 1e-9) || (time <= best * (1 + 1e-9) && rows > bestRows)) {
        best = Math.min(best, time);
        bestRows = rows;
      }
    }
    least[i] = best;
    rowsAt[i] = bestRows;
  }
  const starts: number[] = [];
  for (let i = 0; i < n; i += rowsAt[i] as number) starts.push(i);
  return starts;
}
