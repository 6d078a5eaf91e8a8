import { createRunCostModel, type RunCostModel } from './run-cost.ts';
import type { RunShape } from './run-shape.ts';

/**
 * Which executor runs a batch that is alone: one of the usual ones, or the one with all the threads. What a run takes
 * beside others says nothing about it: both are learned from runs that stayed alone. Where others mostly join before it
 * ends, all cores are not its own, and a usual one runs it.
 */
export interface LoneRuns {
  /** Whether the one with all the threads shall run it; asked once for each such run. */
  prefersSolo(shape: RunShape): boolean;
  /** A run begins that is alone. @returns who is told what it took */
  begin(isSolo: boolean): Pick<RunCostModel, 'observe'>;
  /** Another one begins beside it. */
  join(): void;
}

/** It must be this much faster: it takes all cores. */
const gain = 0.9;
/** Runs of each before any is preferred. */
const leastRuns = 4;
/** What is known keeps this share with each new run: the machine changes, and few runs are alone. */
const memory = 0.75;
/**
 * The other one is tried again after so many runs, and after twice as many each time that it was not better: what was
 * slow once need not be for ever, and hardly a request shall pay for it.
 */
const firstTrialAfter = 16;
const longestTrialAfter = 512;
/** Runs of a trial: the first one, which finds nothing in caches, says nothing. */
const trialRuns = 4;
/** Share that what is known of being joined keeps with each new run. */
const joinMemory = 0.9;
/** Of the runs that began alone: from this share on that others joined, no more are given all cores. */
const mostJoined = 0.5;

export function createLoneRuns(): LoneRuns {
  const usual = createRunCostModel({ memory });
  const solo = createRunCostModel({ memory });
  /** Whether the last one ran in the executor with all the threads. */
  let lastSolo: boolean | undefined;
  let preferred = true;
  let trialAfter = firstTrialAfter;
  let since = 0;
  let joinedShare = 0;
  let current: { isJoined: boolean } | undefined;

  return {
    prefersSolo({ rows, width }) {
      if (joinedShare > mostJoined) return false;
      if (solo.observed < leastRuns) return true;
      if (usual.observed < leastRuns) return false;
      const better = solo.predict(rows, width) < gain * usual.predict(rows, width);
      if (better !== preferred) {
        preferred = better;
        trialAfter = firstTrialAfter;
        since = 0;
      }
      if (++since <= trialAfter) return better;
      if (since === trialAfter + trialRuns) {
        since = 0;
        trialAfter = Math.min(2 * trialAfter, longestTrialAfter);
      }
      return !better;
    },
    begin(isSolo) {
      const run = { isJoined: false };
      current = run;
      return {
        observe(rows, width, ms) {
          if (current === run) current = undefined;
          joinedShare = joinMemory * joinedShare + (run.isJoined ? 1 - joinMemory : 0);
          const isCold = isSolo !== lastSolo;
          lastSolo = isSolo;
          if (!isCold && !run.isJoined) (isSolo ? solo : usual).observe(rows, width, ms);
        },
      };
    },
    join() {
      if (current !== undefined) current.isJoined = true;
    },
  };
}
