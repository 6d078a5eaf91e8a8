import { z } from 'zod';
import { validate } from './validate.ts';

const notOffered = (what: string): z.ZodOptional<z.ZodNullable<z.ZodNever>> =>
  z.never(`${what} is not offered: leave it out`).nullable().optional();

const stop = z.string('expected a string').min(1, 'expected a string that is not empty');

/** OpenAI's request; `prompt` is checked where all APIs' inputs are. */
const completionSchema = z.object({
  model: z.string('expected the name of a model').nullish(),
  max_tokens: z.int('expected an integer >= 1').min(1, 'expected an integer >= 1').nullish(),
  temperature: between(0, 2)
    .nullish()
    .transform((value) => value ?? 1),
  top_p: z
    .number('expected a number over 0 and up to 1')
    .gt(0, 'expected a number over 0 and up to 1')
    .max(1, 'expected a number over 0 and up to 1')
    .nullish()
    .transform((value) => value ?? 1),
  /** Ours, as vLLM has it: draw from the most likely so many; 0 for all. */
  top_k: z
    .int('expected an integer >= 0')
    .min(0, 'expected an integer >= 0')
    .nullish()
    .transform((value) => value ?? 0),
  n: z
    .int('expected an integer from 1 to 16')
    .min(1, 'expected an integer from 1 to 16')
    .max(16, 'expected an integer from 1 to 16')
    .nullish()
    .transform((value) => value ?? 1),
  seed: z.int('expected an integer').nullish(),
  stop: z
    .union(
      [stop, z.array(stop).max(4, 'expected at most 4 strings')],
      'expected a string or up to 4 strings, none empty',
    )
    .nullish(),
  stream: z.boolean('expected true or false').nullish(),
  stream_options: z
    .object({ include_usage: z.boolean('expected true or false').nullish() }, 'expected an object')
    .nullish(),
  echo: z.boolean('expected true or false').nullish(),
  logprobs: notOffered('logprobs'),
  suffix: notOffered('suffix'),
});

/** A checked request, with defaults filled in. */
export interface CompletionBody {
  readonly model?: string | null | undefined;
  readonly max_tokens?: number | null | undefined;
  readonly temperature: number;
  readonly top_p: number;
  readonly top_k: number;
  readonly n: number;
  readonly seed?: number | null | undefined;
  readonly stop?: string | string[] | null | undefined;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined;
  readonly echo?: boolean | null | undefined;
}

/** @throws {RequestProblem} 400 that names the field, what was expected and what came */
export function parseCompletion(body: unknown): CompletionBody {
  return validate(completionSchema, body);
}

export function stopsOf(value: CompletionBody['stop']): readonly string[] {
  return value == null ? [] : [value].flat();
}

function between(least: number, most: number): z.ZodNumber {
  const expected = `expected a number from ${least} to ${most}`;
  return z.number(expected).min(least, expected).max(most, expected);
}

/** The schema, for the OpenAPI document. */
export const completionRequest: z.ZodObject = completionSchema;
