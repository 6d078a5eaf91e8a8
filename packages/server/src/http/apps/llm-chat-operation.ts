import { z } from 'zod';
import { modelErrors, type Operation } from '../openapi/operation.ts';
import { llmChatRequest } from './llm-chat-schema.ts';

const event = z.union([
  z.object({ session_hash: z.string() }).describe('Event `session`, before the first text.'),
  z.object({ text: z.string() }).describe('Event `text`, a piece of the answer.'),
  z
    .object({
      session_hash: z.string(),
      model: z.string(),
      text: z.string(),
      finish_reason: z.string().describe('`stop` or `length`.'),
      messages: z.int().min(1).describe('Messages of the conversation that the model was given.'),
      usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }),
    })
    .describe('Event `done`, the whole answer.'),
]);

export const llmChatOperation: Operation = {
  method: 'post',
  path: '/apps/llm_chat',
  id: 'llmChat',
  tag: 'Apps',
  summary: 'A streamed chat whose conversation the server keeps',
  isTraced: true,
  request: [
    {
      body: { name: 'LlmChatRequest', schema: llmChatRequest },
      examples: { first: { message: 'I could not sleep at all', max_tokens: 8, seed: 1 } },
    },
  ],
  answers: [
    {
      status: 200,
      description: 'The answer as it is made, as events',
      content: [{ type: 'text/event-stream', body: { name: 'LlmChatEvent', schema: event } }],
    },
  ],
  errors: [...modelErrors, 409],
};
