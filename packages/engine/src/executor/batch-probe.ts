import type { Decoder, Step } from './decode.ts';
import type { PastRow } from './past.ts';
import type { Floats } from './session.ts';

/** What a decoder was seen to do. */
export interface DecoderAbilities {
  /** Generations of different lengths in one run give what each gives alone. */
  readonly together: boolean;
  /** A prompt in pieces gives what it gives whole. */
  readonly pieces: boolean;
}

/**
 * Share of the range of the logits by which they may differ. Rounding differs with the shape of a run: by about 1e-6 in
 * 32-bit floats, 1e-3 in 16-bit ones. Quantised activations that share a scale with their neighbours make it 1e-2.
 */
const tolerance = { single: 1e-4, half: 5e-3 } as const;

/**
 * Tries whether generations can share a run. A graph does not say whether it heeds padding and masks, or whether rows
 * influence each other: in a model with dynamically quantised activations they do, for the scale is the batch's.
 * @throws what the runtime says if not even one generation alone can be run
 */
export async function probeDecoder(decoder: Decoder): Promise<DecoderAbilities> {
  const long = Int32Array.of(1, 3, 2, 3, 1, 2, 1);
  const short = Int32Array.of(2, 1, 3);
  const whole = await decoder.step([decoder.empty], long);
  const limit = decoder.isHalf ? tolerance.half : tolerance.single;
  const other = await decoder.step([decoder.empty], short);
  const [longRow, shortRow] = [rowOf(whole), rowOf(other)];
  const next = Int32Array.of(2, 3);
  const alone = [
    await decoder.step([longRow], next.subarray(0, 1)),
    await decoder.step([shortRow], next.subarray(1)),
  ];
  const together =
    decoder.takesRows &&
    (await agrees(
      () => decoder.step([longRow, shortRow], next, 'loud'),
      alone.map((step) => step.logits[0] as Floats),
      limit,
    ));
  const pieces =
    decoder.takesPieces &&
    (await agrees(
      async () => {
        const begun = await decoder.step([decoder.empty], long.subarray(0, 4));
        return decoder.step([rowOf(begun)], long.subarray(4));
      },
      whole.logits,
      limit,
    ));
  return { together, pieces };
}

function rowOf(step: Step): PastRow {
  return step.rows[0] as PastRow;
}

async function agrees(
  run: () => Promise<Step>,
  expected: readonly Floats[],
  limit: number,
): Promise<boolean> {
  try {
    const { logits } = await run();
    return expected.every((row, i) => isNear(logits[i] as Floats, row, limit));
  } catch {
    // The graph refuses the shape.
    return false;
  }
}

function isNear(got: Floats, expected: Floats, limit: number): boolean {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let furthest = 0;
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] as number;
    least = Math.min(least, value);
    most = Math.max(most, value);
    furthest = Math.max(furthest, Math.abs((got[i] as number) - value));
  }
  // Also false where one of them is not a number.
  return got.length === expected.length && furthest <= limit * Math.max(most - least, 1e-6);
}
