import { z } from 'zod';

/** Tokens of a request, as OpenAI counts them. */
export const usage: z.ZodType = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
