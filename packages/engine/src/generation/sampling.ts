import type { Sampling } from '../executor/protocol.ts';

/** Random numbers in [0, 1): the same seed gives the same ones (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Draws the next token: temperature, then those of minP, then the topK most likely, then the fewest whose probabilities
 * reach topP.
 * @param logits of the last position, shape [vocabulary]
 * @returns its id
 * @throws {Error} if the logits are not numbers
 */
export function sampleToken(logits: ArrayLike<number>, sampling: Sampling, random: () => number): number {
  const best = mostLikely(logits);
  if (!Number.isFinite(logits[best])) throw new Error(`the model's logits have ${logits[best]} at the top`);
  if (sampling.temperature === 0) return best;
  const top = logits[best] as number;
  const weights = new Float64Array(logits.length);
  // A loop: `from` with a function takes ten times as long.
  for (let id = 0; id < weights.length; id++) {
    weights[id] = Math.exp(((logits[id] as number) - top) / sampling.temperature);
  }
  const { minP = 0 } = sampling;
  // The most likely one weighs 1.
  if (minP > 0)
    for (let id = 0; id < weights.length; id++) if ((weights[id] as number) < minP) weights[id] = 0;
  // Without a limit any order will do; sorting a vocabulary would cost more than the rest.
  if (sampling.topK === 0 && sampling.topP === 1) return draw(weights, random) ?? best;
  const ids = mostLikelyFirst(weights, sampling);
  const index = draw(
    ids.map((id) => weights[id] as number),
    random,
  );
  return ids[index ?? 0] as number;
}

/** An index by its weight; undefined where rounding leaves the drawn mass beyond the last one. */
function draw(weights: ArrayLike<number>, random: () => number): number | undefined {
  let left = random() * sumOf(weights);
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index] as number;
    if (left < 0) return index;
  }
  return undefined;
}

/** The ids that the limits leave, most likely first; at least one. */
function mostLikelyFirst(weights: Float64Array, { topK, topP }: Sampling): number[] {
  const least = topK > 0 && topK < weights.length ? kthLargest(weights, topK) : leastOfNucleus(weights, topP);
  // Only those that can be chosen are put in order: sorting a whole vocabulary costs more than the model's run.
  const candidates: number[] = [];
  for (let id = 0; id < weights.length; id++) if ((weights[id] as number) >= least) candidates.push(id);
  candidates.sort((a, b) => (weights[b] as number) - (weights[a] as number));
  const kept = topK > 0 ? candidates.slice(0, topK) : candidates;
  const total = sumOf(topK > 0 ? kept.map((id) => weights[id] as number) : weights);
  let mass = 0;
  let nucleus = 0;
  while (nucleus < kept.length && (nucleus === 0 || mass < topP * total)) {
    mass += weights[kept[nucleus++] as number] as number;
  }
  return kept.slice(0, nucleus);
}

function kthLargest(weights: Float64Array, k: number): number {
  return weights.slice().sort()[weights.length - k] as number;
}

/** Were a token less likely than this in the nucleus, all others outside could not make up the mass that it leaves. */
function leastOfNucleus(weights: Float64Array, topP: number): number {
  return ((1 - topP) * sumOf(weights)) / weights.length;
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] as number;
  return sum;
}

function mostLikely(logits: ArrayLike<number>): number {
  let best = 0;
  // Also where the first is not a number: whatever compares as greater is one.
  for (let id = 1; id < logits.length; id++)
    if (!((logits[id] as number) <= (logits[best] as number))) best = id;
  return best;
}
