import type { Sampling } from '../executor/protocol.ts';
import { createRandom, sampleToken } from './sampling.ts';

/** Draws the tokens of one generation, one after the other. */
export interface Sampler {
  /**
   * @param logits after the last token, shape [vocabulary]
   * @returns the id of the next token
   * @throws {Error} if the logits are not numbers
   */
  next(logits: ArrayLike<number>): number;
}

/**
 * @param prompt token ids: the repetition penalty counts them
 * @param ending tokens that may not come before `minTokens`
 */
export function createSampler(sampling: Sampling, prompt: Int32Array, ending: ReadonlySet<number>): Sampler {
  const random = createRandom(sampling.seed);
  const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = sampling;
  const { logitBias = [], minTokens = 0 } = sampling;
  /** How often the text so far has each token; those of the prompt alone are there with 0. */
  const counts = new Map<number, number>();
  const isPenalised = repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  if (repetitionPenalty !== 1) for (const id of prompt) counts.set(id, 0);
  let drawn = 0;
  let scratch = new Float64Array(0);

  /** The logits as they are drawn from; the model's own where nothing changes them. */
  const adjusted = (logits: ArrayLike<number>): ArrayLike<number> => {
    const mayEnd = drawn >= minTokens;
    if (!isPenalised && logitBias.length === 0 && mayEnd) return logits;
    if (scratch.length !== logits.length) scratch = new Float64Array(logits.length);
    scratch.set(logits);
    for (const [id, bias] of logitBias) if (id < scratch.length) scratch[id] = (scratch[id] as number) + bias;
    if (isPenalised) {
      for (const [id, count] of counts) {
        let logit = scratch[id] as number;
        logit = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
        if (count > 0) logit -= frequencyPenalty * count + presencePenalty;
        scratch[id] = logit;
      }
    }
    if (!mayEnd) for (const id of ending) scratch[id] = Number.NEGATIVE_INFINITY;
    return scratch;
  };

  return {
    next(logits) {
      const token = sampleToken(adjusted(logits), sampling, random);
      drawn++;
      if (isPenalised) counts.set(token, (counts.get(token) ?? 0) + 1);
      return token;
    },
  };
}
