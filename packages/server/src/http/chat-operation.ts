import { z } from 'zod';
import { chatRequest } from './chat-schema.ts';
import { modelErrors, type NamedSchema, type Operation } from './openapi/operation.ts';
import { usage } from './openapi/usage.ts';

const head = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string().nullish(),
};
const finishReason = z.string().describe('`stop` or `length`.');

const completion: NamedSchema = {
  name: 'CreateChatCompletionResponse',
  schema: z.object({
    ...head,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.int().min(0),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string(),
          refusal: z.null().optional(),
        }),
        logprobs: z.null(),
        finish_reason: finishReason,
      }),
    ),
    usage,
  }),
};

const chunk: NamedSchema = {
  name: 'CreateChatCompletionStreamResponse',
  schema: z.object({
    ...head,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.int().min(0),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          refusal: z.null().optional(),
        }),
        logprobs: z.null(),
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usage.nullish().describe('At the end, where `stream_options` asks for it.'),
  }),
};

const messages = [{ role: 'user', content: 'I could not sleep at all' }];

export const chatOperation: Operation = {
  method: 'post',
  path: '/v1/chat/completions',
  id: 'createChatCompletion',
  tag: 'OpenAI',
  summary: 'The next message of a chat',
  isTraced: true,
  isCached: true,
  request: [
    {
      body: { name: 'CreateChatCompletionRequest', schema: chatRequest },
      examples: {
        whole: { messages, max_completion_tokens: 8, temperature: 0 },
        streamed: {
          messages,
          max_completion_tokens: 8,
          seed: 1,
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    },
  ],
  answers: [
    {
      status: 200,
      description: 'The message; with `stream` as events, each `data:` a part of it, the last one `[DONE]`',
      content: [{ body: completion }, { type: 'text/event-stream', body: chunk }],
    },
  ],
  errors: modelErrors,
};
