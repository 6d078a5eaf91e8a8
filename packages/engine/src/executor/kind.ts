import type { TensorInfo } from './protocol.ts';

/** A decoder takes its own past: keys and values of the tokens before. Encoders have no such input. */
export function isDecoder(inputs: readonly TensorInfo[]): boolean {
  return inputs.some((input) => input.name.startsWith('past_key_values'));
}
