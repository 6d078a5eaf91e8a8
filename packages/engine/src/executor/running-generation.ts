import { createSampler } from '../generation/sampler.ts';
import type { PastRow } from './past.ts';
import type { GenerateRequest, SteppedRow } from './protocol.ts';
import type { Floats } from './session.ts';

/** One generation in an executor: how far its prompt and its text have come. */
export interface RunningGeneration {
  readonly id: number;
  /** Where its keys and values are. */
  row: PastRow;
  /** Tokens that the model has not seen yet: of the prompt, or the one drawn last. */
  readonly pending: Int32Array;
  readonly isPrompt: boolean;
  isResting: boolean;
  isCancelled: boolean;
  isOver: boolean;
  /**
   * Takes what a run gave after `fed` of its pending tokens.
   * @returns what is told of it
   * @throws {Error} if the logits are not numbers
   */
  advance(row: PastRow, fed: number, logits: Floats): SteppedRow;
}

/**
 * @param empty where every generation starts
 * @param eosTokenIds the model's own end tokens
 */
export function createRunningGeneration(
  { id, prompt, sampling }: GenerateRequest,
  empty: PastRow,
  eosTokenIds: readonly number[],
): RunningGeneration {
  const ending = new Set([...(sampling.ignoreEos ? [] : eosTokenIds), ...(sampling.stopTokenIds ?? [])]);
  const sampler = createSampler(sampling, prompt, ending);
  let pending = prompt;
  let isPrompt = true;
  let tokens = 0;
  return {
    id,
    row: empty,
    isResting: false,
    isCancelled: false,
    isOver: false,
    get pending() {
      return pending;
    },
    get isPrompt() {
      return isPrompt;
    },
    advance(row, fed, logits) {
      this.row = row;
      pending = pending.subarray(fed);
      if (pending.length > 0) return { id };
      isPrompt = false;
      const token = sampler.next(logits);
      pending = Int32Array.of(token);
      if (ending.has(token)) {
        this.isOver = true;
        return { id, end: 'stop' };
      }
      this.isOver = ++tokens >= sampling.maxTokens;
      return this.isOver ? { id, token, end: 'length' } : { id, token };
    },
  };
}
