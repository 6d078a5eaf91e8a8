import type { TensorInfo } from './protocol.ts';

/** A decoder takes its own past: keys and values of the tokens before. Encoders have no such input. */
export function isDecoder(inputs: readonly TensorInfo[]): boolean {
  return inputs.some((input) => input.name.startsWith('past_key_values'));
}

/** Dimensions of `input_ids` that are numbers in the graph; most exports leave both open. */
export interface FixedShape {
  readonly rows?: number;
  readonly columns?: number;
}

/** Dimensions of the token ids that the graph fixes. */
export function fixedShape(inputs: readonly TensorInfo[]): FixedShape {
  const [rows, columns] = inputs.find((input) => input.name === 'input_ids')?.shape ?? [];
  return {
    ...(typeof rows === 'number' && rows > 0 ? { rows } : {}),
    ...(typeof columns === 'number' && columns > 0 ? { columns } : {}),
  };
}
