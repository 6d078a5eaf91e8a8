import { z } from 'zod';
import { completionRequest } from './completion-schema.ts';
import { textOrTokenInputs } from './inputs.ts';
import { modelErrors, type NamedSchema, type Operation } from './openapi/operation.ts';
import { usage } from './openapi/usage.ts';

const completion: NamedSchema = {
  name: 'CreateCompletionResponse',
  schema: z.object({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.int(),
    model: z.string(),
    system_fingerprint: z.string().describe('Changes with whatever may change the text that a seed gives.'),
    choices: z.array(
      z.object({
        text: z.string(),
        index: z.int().min(0),
        logprobs: z.null(),
        finish_reason: z.string().nullable().describe('`stop` or `length`; null while a stream goes on.'),
      }),
    ),
    usage: usage.nullish().describe('Of a stream only at its end, where `stream_options` asks for it.'),
  }),
};

export const completionsOperation: Operation = {
  method: 'post',
  path: '/v1/completions',
  id: 'createCompletion',
  tag: 'OpenAI',
  summary: 'Text that continues a prompt',
  isTraced: true,
  isCached: true,
  request: [
    {
      body: {
        name: 'CreateCompletionRequest',
        schema: completionRequest.extend({ prompt: textOrTokenInputs }),
      },
      examples: {
        whole: { prompt: 'mood: sleepy\nnickname:', max_tokens: 8, temperature: 0 },
        streamed: { prompt: 'mood: sleepy\nnickname:', max_tokens: 8, seed: 1, stream: true },
      },
    },
  ],
  answers: [
    {
      status: 200,
      description:
        'The text; with `stream` as events, each `data:` of which has the same form with a part of the text, and the last of which is `[DONE]`',
      content: [{ body: completion }, { type: 'text/event-stream', body: completion }],
    },
  ],
  errors: modelErrors,
};
