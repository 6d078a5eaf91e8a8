import type { ChatMessage } from '@inferometer/engine';
import { z } from 'zod';
import { atLeast, type GenerationBody, generationFields, notOffered } from './generation-schema.ts';
import { validate } from './validate.ts';

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
const roleNames = roles.map((role) => `"${role}"`).join(', ');
const contentExpected = 'expected a string or an array of parts of type "text"';

const part = z.object(
  { type: z.literal('text', contentExpected), text: z.string('expected a string') },
  contentExpected,
);

const message = z.object(
  {
    role: z.enum(roles, `expected one of ${roleNames}`),
    content: z.union([z.string(), z.array(part).min(1)], contentExpected),
    name: z.string('expected a string').nullish(),
    tool_calls: notOffered('tool_calls'),
    function_call: notOffered('function_call'),
  },
  'expected an object with role and content',
);

/** https://platform.openai.com/docs/api-reference/chat/create */
export const chatRequest: z.ZodObject = z.object({
  messages: z.array(message, 'expected an array of messages').min(1, 'expected at least one message'),
  ...generationFields,
  max_completion_tokens: atLeast(1).nullish(),
  /** The older name. */
  max_tokens: atLeast(1).nullish(),
  tools: z.array(z.never('tools are not offered: leave them out'), 'expected an array').nullish(),
  tool_choice: z.enum(['none', 'auto'], 'tools are not offered: expected "none" or "auto"').nullish(),
  functions: notOffered('functions'),
  function_call: notOffered('function_call'),
  response_format: z
    .object(
      { type: z.literal('text', 'only "text" is offered') },
      'expected an object, of which only type "text" is offered',
    )
    .nullish(),
  logprobs: z.literal(false, 'logprobs are not offered: expected false').nullish(),
  top_logprobs: z.literal(0, 'logprobs are not offered: leave it out').nullish(),
  modalities: z.array(z.literal('text', 'only "text" is offered'), 'expected an array').nullish(),
  audio: notOffered('audio'),
});

/** A checked request. */
export interface ChatBody extends GenerationBody {
  readonly messages: readonly {
    readonly role: (typeof roles)[number];
    readonly content: string | readonly { readonly text: string }[];
    readonly name?: string | null;
  }[];
  readonly max_completion_tokens?: number | null;
  readonly max_tokens?: number | null;
}

/** @throws {RequestProblem} 400 that names the field, what was expected and what came */
export function parseChat(body: unknown): ChatBody {
  return validate(chatRequest, body) as unknown as ChatBody;
}

/** Messages as templates take them: text parts on a line each, and the developer's as the system's. */
export function messagesOf({ messages }: Pick<ChatBody, 'messages'>): ChatMessage[] {
  return messages.map(({ role, content, name }) => ({
    // What newer OpenAI models call it; the templates of others know only the older name.
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'),
    ...(name ? { name } : {}),
  }));
}
