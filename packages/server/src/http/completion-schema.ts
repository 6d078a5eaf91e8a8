import { z } from 'zod';
import { atLeast, flag, type GenerationBody, generationFields, notOffered } from './generation-schema.ts';
import { RequestProblem } from './problem.ts';
import { validate } from './validate.ts';

/** OpenAI's request; `prompt` is checked where all APIs' inputs are. */
export const completionRequest: z.ZodObject = z.object({
  ...generationFields,
  max_tokens: atLeast(1).nullish(),
  echo: flag,
  best_of: atLeast(1).nullish(),
  logprobs: notOffered('logprobs'),
  suffix: notOffered('suffix'),
});

/** A checked request. */
export interface CompletionBody extends GenerationBody {
  readonly max_tokens?: number | null;
  readonly echo?: boolean | null;
  readonly best_of?: number | null;
}

/** @throws {RequestProblem} 400 that names the field, what was expected and what came */
export function parseCompletion(body: unknown): CompletionBody {
  const parsed = validate(completionRequest, body) as CompletionBody;
  const { best_of: best, n } = parsed;
  if (best != null && best !== (n ?? 1)) {
    const message = `choosing the best of several is not offered: expected n (${n ?? 1}), got ${best}`;
    throw new RequestProblem(400, 'invalid_value', message, 'best_of');
  }
  return parsed;
}
