import { z } from 'zod';
import { atLeast, type GenerationBody, generationFields } from '../generation-schema.ts';

const text = 'expected what you want to say';

/** The request of `/apps/llm_chat`. */
export const llmChatRequest: z.ZodObject = z.object({
  session_hash: z
    .string('expected the session of an earlier answer')
    .nullish()
    .describe('The conversation that this goes on; without it, and without `x-session-hash`, one begins.'),
  message: z.string(text).min(1, text),
  model: generationFields.model,
  max_tokens: atLeast(1).nullish(),
  temperature: generationFields.temperature,
  top_p: generationFields.top_p,
  top_k: generationFields.top_k,
  seed: generationFields.seed,
  ignore_eos: generationFields.ignore_eos,
});

/** A checked request. */
export interface LlmChatBody extends GenerationBody {
  readonly session_hash?: string | null;
  readonly message: string;
  readonly max_tokens?: number | null;
}
