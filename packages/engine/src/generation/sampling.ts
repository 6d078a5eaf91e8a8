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
 * Draws the next token: temperature, then the topK most likely, then the fewest whose probabilities reach topP.
 * @param logits of the last position, shape [vocabulary]
 * @returns its id
 */
export function sampleToken(logits: ArrayLike<number>, sampling: Sampling, random: () => number): number {
  if (sampling.temperature === 0) return mostLikely(logits);
  const order = Array.from({ length: logits.length }, (_, id) => id).sort(
    (a, b) => (logits[b] as number) - (logits[a] as number),
  );
  const kept = sampling.topK > 0 ? order.slice(0, sampling.topK) : order;
  const top = logits[kept[0] as number] as number;
  const weights = kept.map((id) => Math.exp(((logits[id] as number) - top) / sampling.temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let nucleus = 0;
  let mass = 0;
  while (nucleus < weights.length && (nucleus === 0 || mass < sampling.topP * total))
    mass += weights[nucleus++] as number;
  let left = random() * mass;
  for (let i = 0; i < nucleus; i++) {
    left -= weights[i] as number;
    if (left < 0) return kept[i] as number;
  }
  return kept[nucleus - 1] as number;
}

function mostLikely(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  return best;
}
