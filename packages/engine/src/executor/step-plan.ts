import type { RunningGeneration } from './running-generation.ts';

/** Which generations the next model run takes, and how many tokens of each. */
export interface StepPlan {
  readonly phase: 'prefill' | 'decode';
  /** In the order of their rows; at least one. */
  readonly generations: readonly RunningGeneration[];
  /** Tokens of each. */
  readonly fresh: number;
}

export interface StepLimits {
  /** Generations that one decode step takes, integer >= 1. */
  readonly rows: number;
  /** Tokens of prompts between two decode steps, and in one run where prompts may come in pieces, integer >= 1. */
  readonly prefillTokens: number;
  /** Whether a prompt may come in pieces. */
  readonly pieces: boolean;
}

/**
 * The next model run: prompts first, so that a text begins soon, but after so many of their tokens a decode step comes
 * before the next, so that texts that have begun go on.
 * @param generations in the order of their turns
 * @param prefilled tokens of prompts since the last decode step
 * @returns undefined where nobody can go on
 */
export function planStep(
  generations: readonly RunningGeneration[],
  prefilled: number,
  limits: StepLimits,
): StepPlan | undefined {
  const ready = generations.filter((generation) => !generation.isResting);
  const prompt = ready.find((generation) => generation.isPrompt);
  const begun = ready.filter((generation) => !generation.isPrompt);
  if (prompt && (prefilled < limits.prefillTokens || begun.length === 0)) {
    const fresh = limits.pieces
      ? Math.min(prompt.pending.length, limits.prefillTokens)
      : prompt.pending.length;
    return { phase: 'prefill', generations: [prompt], fresh };
  }
  if (begun.length === 0) return undefined;
  return { phase: 'decode', generations: begun.slice(0, limits.rows), fresh: 1 };
}
