import type { GenerativeModel, Sampling } from '@inferometer/engine';
import { z } from 'zod';
import { RequestProblem } from './problem.ts';

/** A field that OpenAI has and this server has not: `null` is all that it may be. */
export const notOffered = (what: string): z.ZodOptional<z.ZodNullable<z.ZodNever>> =>
  z.never(`${what} is not offered: leave it out`).nullable().optional();

export const flag: z.ZodType<boolean | null | undefined> = z.boolean('expected true or false').nullish();

export const atLeast = (least: number): z.ZodInt =>
  z.int(`expected an integer >= ${least}`).min(least, `expected an integer >= ${least}`);

export function between(least: number, most: number): z.ZodNumber {
  const expected = `expected a number from ${least} to ${most}`;
  return z.number(expected).min(least, expected).max(most, expected);
}

function over0(most: number): z.ZodNumber {
  const expected = `expected a number over 0 and up to ${most}`;
  return z.number(expected).gt(0, expected).max(most, expected);
}

const stop = z.string('expected a string').min(1, 'expected a string that is not empty');
const tokenId = 'expected token ids';

/** The checked fields that completions and chats have in common. */
export interface GenerationBody {
  readonly model?: string | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly n?: number | null;
  readonly seed?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly top_k?: number | null;
  readonly min_p?: number | null;
  readonly repetition_penalty?: number | null;
  readonly stop_token_ids?: readonly number[] | null;
  readonly ignore_eos?: boolean | null;
  readonly min_tokens?: number | null;
}

/** Their schemas. Beside OpenAI's fields those that vLLM has, under its names. */
export const generationFields: { readonly [field in keyof GenerationBody]-?: z.ZodType } = {
  model: z.string('expected the name of a model').nullish(),
  temperature: between(0, 2).nullish(),
  top_p: over0(1).nullish(),
  presence_penalty: between(-2, 2).nullish(),
  frequency_penalty: between(-2, 2).nullish(),
  n: z
    .int('expected an integer from 1 to 16')
    .min(1, 'expected an integer from 1 to 16')
    .max(16, 'expected an integer from 1 to 16')
    .nullish(),
  seed: z.int('expected an integer').nullish(),
  stop: z
    .union(
      [stop, z.array(stop).max(4, 'expected at most 4 strings')],
      'expected a string or up to 4 strings, none empty',
    )
    .nullish(),
  logit_bias: z
    .record(
      z.string().regex(/^\d+$/, tokenId),
      between(-100, 100),
      'expected an object of token ids and numbers from -100 to 100',
    )
    .nullish(),
  stream: flag,
  stream_options: z.object({ include_usage: flag }, 'expected an object').nullish(),
  /** Draw from the most likely so many; 0 and -1 for all. */
  top_k: z.int('expected an integer >= -1').min(-1, 'expected an integer >= -1').nullish(),
  min_p: between(0, 1).nullish(),
  repetition_penalty: over0(10).nullish(),
  stop_token_ids: z
    .array(z.int(tokenId).min(0, tokenId), tokenId)
    .max(64, 'expected at most 64 token ids')
    .nullish(),
  ignore_eos: flag,
  min_tokens: atLeast(0).nullish(),
};

/**
 * How the tokens of a request are drawn.
 * @throws {RequestProblem} 400 for a token that the model has not
 */
export function samplingOf(
  body: GenerationBody,
  { tokenizer }: GenerativeModel,
  maxTokens: number,
): Omit<Sampling, 'seed'> {
  const known = (id: number, field: string): number => {
    if (id < tokenizer.vocabularySize) return id;
    const message = `expected token ids from 0 to ${tokenizer.vocabularySize - 1}, got ${id}`;
    throw new RequestProblem(400, 'invalid_value', message, field);
  };
  const bias = Object.entries(body.logit_bias ?? {});
  return {
    maxTokens,
    temperature: body.temperature ?? 1,
    topK: Math.max(0, body.top_k ?? 0),
    topP: body.top_p ?? 1,
    minP: body.min_p ?? 0,
    repetitionPenalty: body.repetition_penalty ?? 1,
    presencePenalty: body.presence_penalty ?? 0,
    frequencyPenalty: body.frequency_penalty ?? 0,
    logitBias: bias.map(([id, value]) => [known(Number(id), 'logit_bias'), value]),
    stopTokenIds: (body.stop_token_ids ?? []).map((id) => known(id, 'stop_token_ids')),
    ignoreEos: body.ignore_eos ?? false,
    minTokens: body.min_tokens ?? 0,
  };
}

/** Whether the text is the same every time: nothing is drawn, or the same. */
export function isRepeatable({ temperature, seed }: GenerationBody): boolean {
  return temperature === 0 || seed != null;
}

export function stopsOf(value: GenerationBody['stop']): readonly string[] {
  return value == null ? [] : [value].flat();
}
