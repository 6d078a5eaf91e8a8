import { InferometerError } from '@inferometer/core';
import type { ChatMessage, GenerativeModel } from '@inferometer/engine';
import { characterLimit } from './inputs.ts';
import type { Turns } from './turns.ts';

/**
 * A conversation as the model's template has it, in tokens.
 * @returns token ids, shape [tokens]
 * @throws {InferometerError} INPUT_TOO_LONG, or INVALID_INPUT if the template does not take the messages
 */
export async function encodeChat(
  { chat, tokenizer, directory }: GenerativeModel,
  messages: readonly ChatMessage[],
  turns: Turns,
  field: string,
): Promise<Int32Array> {
  const { maxTokens } = directory;
  const limit = characterLimit(maxTokens);
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  if (characters > limit) {
    const message = `expected at most ${limit} characters, got ${characters}`;
    throw new InferometerError('INPUT_TOO_LONG', message, { field });
  }
  await turns.next();
  const { ids, isCut } = tokenizer.encodeRendered(chat.render(messages), maxTokens);
  if (isCut) {
    const message = `the model's context is ${maxTokens} tokens, the conversation has more`;
    throw new InferometerError('INPUT_TOO_LONG', message, { field });
  }
  return ids;
}
