import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { RunnerShape } from './runner.ts';

/** Inputs of an encoder of texts, and what they are filled with; token 7 is as good as any. */
const fills: Readonly<Record<string, bigint>> = {
  input_ids: 7n,
  attention_mask: 1n,
  token_type_ids: 0n,
};

/**
 * Texts of one length, without padding.
 * @throws {Error} for a graph that takes something else
 */
export function feedsOf(
  inputs: readonly InferenceSession.ValueMetadata[],
  { rows, tokens }: RunnerShape,
): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name }) => {
      const fill = fills[name];
      if (fill === undefined)
        throw new Error(`the graph has an input ${name}, expected ${Object.keys(fills).join(', ')}`);
      return [name, new Tensor('int64', new BigInt64Array(rows * tokens).fill(fill), [rows, tokens])];
    }),
  );
}
