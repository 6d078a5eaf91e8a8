import type { Bench } from './bench.ts';
import type { Outcome } from './load/outcome.ts';
import { largestDifference } from './load/reading.ts';
import { createTexts, type Mix } from './mixes.ts';
import type { Contestant } from './servers/contestant.ts';

/** Largest difference of a number of a vector that still is the same answer. */
const tolerance = 1e-4;

/** Who knows the right vectors. */
export interface Reference {
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

/**
 * Compares the answers that were kept with those of bare onnxruntime.
 * @returns how many
 * @throws {Error} if one is another text's, wrong, or nothing
 */
export async function verifySamples(
  bench: Pick<Bench, 'words'>,
  reference: Reference,
  contestant: Contestant,
  { mix, seed }: { readonly mix: Mix; readonly seed: number },
  outcome: Outcome,
): Promise<number> {
  const { samples } = outcome;
  if (samples.length === 0) return 0;
  const next = createTexts(bench.words, mix, seed);
  const last = Math.max(...samples.map((sample) => sample.request));
  const texts = Array.from({ length: last + 1 }, next);
  const expected = await reference.embed(samples.map(({ request }) => texts[request] as string));
  samples.forEach((sample, index) => {
    const off = largestDifference(contestant.vector(sample.body), expected[index] as Float32Array);
    if (!(off <= tolerance)) {
      const text = texts[sample.request]?.slice(0, 60);
      throw new Error(
        `${contestant.name}: the vector of "${text}…" is off by ${off}, expected at most ${tolerance}`,
      );
    }
  });
  return samples.length;
}
