import { z } from 'zod';
import { modelErrors, type NamedSchema, type Operation } from '../openapi/operation.ts';
import { llmChatRequest } from './llm-chat-schema.ts';

const event: NamedSchema = {
  name: 'LlmChatEvent',
  schema: z.union([
    z.object({ session: z.string() }).describe('`session`: what the next message names.'),
    z.object({ text: z.string() }).describe('`text`: a piece of the answer.'),
    z
      .object({
        session: z.string(),
        model: z.string(),
        text: z.string(),
        finish_reason: z.string(),
        messages: z.int().min(1).describe('Of the conversation that the model was shown.'),
        usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }),
      })
      .describe('`done`: the whole answer.'),
  ]),
};

export const llmChatOperation: Operation = {
  method: 'post',
  path: '/apps/llm_chat',
  id: 'llmChat',
  tag: 'Apps',
  summary: 'A conversation that the server keeps, answered token by token',
  isTraced: true,
  request: [
    {
      body: { name: 'LlmChatRequest', schema: llmChatRequest },
      examples: { begin: { message: 'I could not sleep at all', max_tokens: 16 } },
    },
  ],
  answers: [
    {
      status: 200,
      description: 'Events of the names `session`, `text` and `done`',
      content: [{ type: 'text/event-stream', body: event }],
    },
  ],
  errors: [...modelErrors, 409],
};
