import type { HookContext, Tensors } from '@inferometer/engine';
import { decodeImage } from './decode.ts';
import { greySquare } from './grey-square.ts';

/** Loaded by executors beside the model: decoding takes the processor's time, which the main thread has not. */

export interface ImageInput {
  /** A PNG or JPEG. */
  readonly bytes: Uint8Array;
}

export interface ImageScores {
  /** Probability of each class, shape [classes]. */
  readonly scores: readonly number[];
}

/**
 * One row for a model that takes small grey squares, float32 [batch, 1, side, side].
 * @throws {BadImage} if the image cannot be decoded
 */
export function preprocess({ bytes }: ImageInput, { inputs }: HookContext): Tensors {
  const [input] = inputs;
  const [, channels, height, width] = input?.shape ?? [];
  if (
    !input ||
    inputs.length !== 1 ||
    input.type !== 'float32' ||
    channels !== 1 ||
    typeof width !== 'number' ||
    width !== height
  ) {
    const got = inputs.map(({ name, type, shape }) => `${name} ${type} [${shape.join(', ')}]`).join(', ');
    throw new Error(`expected a model of one input, float32 [batch, 1, side, side], got ${got}`);
  }
  const data = greySquare(decodeImage(bytes), width);
  return { [input.name]: { type: 'float32', dims: [1, 1, width, width], data } };
}

/** The probabilities, of the first output. */
export function postprocess(outputs: Tensors): ImageScores {
  const [output] = Object.values(outputs);
  return { scores: Array.from((output?.data ?? []) as Float32Array) };
}
