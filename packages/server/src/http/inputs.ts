import { InferometerError } from '@inferometer/core';
import { type Encoded, encodedFromIds, type ModelDirectory, type Tokenizer } from '@inferometer/engine';
import { z } from 'zod';
import { describe } from './body.ts';
import { RequestProblem } from './problem.ts';
import type { Turns } from './turns.ts';

/** One input as it came: text, or token ids. */
export type Input = string | readonly number[];

/** What `inputsOf` takes, for the OpenAPI document; the function itself checks thousands of inputs without it. */
export const textInputs: z.ZodType = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .describe('A text, or several.');
export const textOrTokenInputs: z.ZodType = z
  .union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1),
    z.array(z.int().min(0)).min(1),
    z.array(z.array(z.int().min(0)).min(1)).min(1),
  ])
  .describe('A text, several, the token ids of a text, or those of several.');

export interface InputLimits {
  /** Inputs of one request. */
  readonly maxInputs: number;
}

/** What a model needs to make tokens of an input. */
export interface Encoder {
  readonly tokenizer: Tokenizer;
  readonly directory: Pick<ModelDirectory, 'maxTokens'>;
}

/** Characters of a text for each token that the model takes: more cannot matter and only cost time to split. */
const charactersPerToken = 64;
const leastCharacterLimit = 8192;

/** Characters of the longest text that is looked at. */
export function characterLimit(maxTokens: number): number {
  return Math.max(leastCharacterLimit, maxTokens * charactersPerToken);
}

/**
 * Reads a string, an array of strings, or OpenAI's token ids.
 * @throws {RequestProblem} that names the field and what was expected
 */
export function inputsOf(value: unknown, field: string, limits: InputLimits): Input[] {
  const expected = 'expected a string or an array of strings';
  if (typeof value === 'string') return [nonEmpty(value, field)];
  if (!Array.isArray(value)) {
    throw new RequestProblem(400, 'invalid_value', `${expected}, got ${describe(value)}`, field);
  }
  if (value.length === 0)
    throw new RequestProblem(400, 'empty_input', `${expected}, got an empty array`, field);
  if (value.every((item) => typeof item === 'number')) return [value];
  if (value.length > limits.maxInputs) {
    const message = `expected at most ${limits.maxInputs} inputs, got ${value.length}`;
    throw new RequestProblem(400, 'input_too_long', message, field);
  }
  return value.map((item: unknown, index) => {
    const name = `${field}[${index}]`;
    if (typeof item === 'string') return nonEmpty(item, name);
    if (Array.isArray(item) && item.length > 0 && item.every((id) => typeof id === 'number')) return item;
    throw new RequestProblem(400, 'invalid_value', `expected a string, got ${describe(item)}`, name);
  });
}

function nonEmpty(text: string, field: string): string {
  if (text === '') throw new RequestProblem(400, 'empty_input', 'expected text, got an empty string', field);
  return text;
}

/**
 * Splits inputs into tokens, a slice of the main thread at a time.
 * @param truncate whether inputs that are too long are cut rather than refused
 * @throws {InferometerError} INPUT_TOO_LONG or INVALID_INPUT that names the field
 */
export async function encodeInputs(
  inputs: readonly Input[],
  model: Encoder,
  options: { readonly field: string; readonly truncate: boolean; readonly turns: Turns },
): Promise<Encoded[]> {
  const { maxTokens } = model.directory;
  const maxCharacters = characterLimit(maxTokens);
  const encoded: Encoded[] = [];
  let slice = await options.turns.next();
  for (const [index, input] of inputs.entries()) {
    const field = inputs.length > 1 ? `${options.field}[${index}]` : options.field;
    if (typeof input === 'string' && input.length > maxCharacters) {
      const message = `expected at most ${maxCharacters} characters, got ${input.length}`;
      throw new InferometerError('INPUT_TOO_LONG', message, { field });
    }
    const one =
      typeof input === 'string'
        ? model.tokenizer.encode(input, maxTokens)
        : encodedFromIds(input, model.tokenizer, maxTokens, field);
    if (!options.truncate && one.isCut) {
      const message = `expected at most ${maxTokens} tokens, got more`;
      throw new InferometerError('INPUT_TOO_LONG', message, { field });
    }
    encoded.push(one);
    if (slice.isOver) slice = await options.turns.next();
  }
  return encoded;
}
