import { monoNow } from '@inferometer/core';
import { Tensor } from 'onnxruntime-node';
import { createRandom, sampleToken } from '../generation/sampling.ts';
import type { GenerateRequest, StepTimes, TensorInfo } from './protocol.ts';
import { floatsOf, integerTensor, type Session } from './session.ts';

/** One step of a generation: a token and the model run that gave it. */
export interface Step extends StepTimes {
  readonly token: number;
}

/** A generation in progress: the first step runs the prompt (prefill), each later one a single token (decode). */
export interface Decoding {
  step(): Promise<Step>;
}

/** Starts generations on a decoder of the Optimum layout. */
export interface Decoder {
  start(request: GenerateRequest): Decoding;
}

const knownInputs = ['input_ids', 'attention_mask', 'position_ids', 'use_cache_branch'];

/**
 * @throws {Error} if the model is no decoder that can be fed
 */
export function createDecoder(session: Session): Decoder {
  const pastInputs = session.inputs.filter((input) => input.name.startsWith('past_key_values'));
  const unknown = session.inputs.find(
    (input) => !knownInputs.includes(input.name) && !input.name.startsWith('past_key_values'),
  );
  if (unknown)
    throw new Error(
      `input "${unknown.name}" is unknown, expected ${knownInputs.join(', ')} and past_key_values.*`,
    );
  const typeOf = (name: string): string | undefined =>
    session.inputs.find((input) => input.name === name)?.type;
  for (const name of ['logits', ...pastInputs.map((input) => presentName(input.name))]) {
    if (!session.outputs.some((output) => output.name === name))
      throw new Error(`output "${name}" is missing`);
  }

  return {
    start(request) {
      const random = createRandom(request.sampling.seed);
      let past: Record<string, Tensor> = Object.fromEntries(
        pastInputs.map((input) => [input.name, emptyPast(input)]),
      );
      let pending = request.prompt;
      let length = 0;
      return {
        async step() {
          const fresh = pending.length;
          const feeds: Record<string, Tensor> = { ...past };
          const feed = (name: string, values: Int32Array, shape: number[]): void => {
            const type = typeOf(name);
            if (type !== undefined) feeds[name] = integerTensor(type, values, shape);
          };
          feed('input_ids', pending, [1, fresh]);
          feed('attention_mask', new Int32Array(length + fresh).fill(1), [1, length + fresh]);
          feed(
            'position_ids',
            Int32Array.from({ length: fresh }, (_, i) => length + i),
            [1, fresh],
          );
          feed('use_cache_branch', Int32Array.of(length > 0 ? 1 : 0), [1]);
          const runStart = monoNow();
          const results = await session.run(feeds);
          const runEnd = monoNow();
          const token = sampleToken(lastRow(results.logits as Tensor), request.sampling, random);
          past = Object.fromEntries(
            pastInputs.map(({ name }) => [name, results[presentName(name)] as Tensor]),
          );
          length += fresh;
          pending = Int32Array.of(token);
          return { token, runStart, runEnd, drawn: monoNow() };
        },
      };
    },
  };
}

/** The logits of the last position, shape [vocabulary]. */
function lastRow(logits: Tensor): ArrayLike<number> {
  const all = floatsOf(logits);
  const start = all.length - (logits.dims[logits.dims.length - 1] as number);
  return all.subarray(start);
}

function presentName(past: string): string {
  return past.replace('past_key_values', 'present');
}

/** Keys or values of no tokens yet: every dimension that varies is the batch (1) or the past (0). */
function emptyPast(input: TensorInfo): Tensor {
  const shape = input.shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0));
  if (input.type === 'float16') return new Tensor('float16', new Uint16Array(0), shape);
  return new Tensor('float32', new Float32Array(0), shape);
}
